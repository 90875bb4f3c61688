/// Walks streams by XRANGE, sets by the SCAN commands; none of them keeps Redis busy for long.
#include "broker/redis/redis_browse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string>

#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"
#include "broker/redis/jobs/redis_entry.hpp"
#include "broker/redis/jobs/redis_stream_id.hpp"
#include "broker/redis/redis_pauses.hpp"
#include "broker/redis/redis_scores.hpp"

namespace aftercommit {
namespace {

constexpr std::size_t kPage = 200;                   // jobs: of 1 MiB each at worst
constexpr std::size_t kScanned = 1000;               // keys or ids of one round trip
constexpr std::size_t kMostLetters = 1'000'000'000;  // keeps offset + count within what Redis can read

std::int64_t integer(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// Since the first entry of a page came in, by the reply to TIME.
std::optional<Millis> age(const redisReply& page, const redisReply& time) {
  if (page.elements == 0) return {};
  const auto since = StreamId::parse(text(*elements(*elements(page)[0])[0]));
  const auto now_ms = integer(text(*elements(time)[0])) * 1000 + integer(text(*elements(time)[1])) / 1000;
  if (!since) return {};
  return std::max(Millis{0},
                  Millis{now_ms - static_cast<std::int64_t>(std::min<std::uint64_t>(since->ms, kLongestMs))});
}

/// How many of these leases have not ended, by the reply to TIME.
std::int64_t living(const redisReply& leases, const redisReply& time) {
  const auto now_ms = integer(text(*elements(time)[0])) * 1000;
  std::int64_t living = 0;
  for (std::size_t i = 1; i < leases.elements; i += 2)
    living += score_ms(*elements(leases)[i]) > now_ms ? 1 : 0;
  return living;
}

/// How many entries a stream has lost, by the reply to XINFO STREAM.
std::int64_t entries_gone(const redisReply& stream) {
  std::int64_t added = 0, length = 0;
  for (std::size_t i = 0; i + 1 < stream.elements; i += 2) {
    const auto name = text(*elements(stream)[i]);
    const auto value = elements(stream)[i + 1]->integer;
    if (name == "entries-added") added = value;
    if (name == "length") length = value;
  }
  return std::max<std::int64_t>(added - length, 0);
}

/// The queue that a key belongs to; nothing for a key of somebody else.
std::optional<Queue> queue_of(const RedisUrl& url, std::string_view key) {
  const bool has_tag = !url.tag.empty();
  const auto begin = url.prefix.size() + 2 + (has_tag ? url.tag.size() + 2 : 0);
  const auto end = key.find(has_tag ? ":" : "}:", begin);
  if (end == std::string_view::npos) return {};
  Queue queue{key.substr(begin, end - begin)};
  const RedisKeys keys{url.prefix, url.tag, queue};
  const std::array ours{&keys.dead, &keys.workers,  &keys.durable, &keys.relay,
                        &keys.home, &keys.declared, &keys.paused};
  const bool of_a_level = std::ranges::any_of(kAllLevels, [&](Priority level) {
    const auto& own = keys.at(level);
    return own.stream == key || own.delayed == key || own.aside == key || own.limited == key;
  });
  const bool is_ours = of_a_level || std::ranges::any_of(ours, [&](const auto* own) { return *own == key; });
  if (!valid_name(queue) || !is_ours) return {};
  return queue;
}

/// What durable_member made; nothing for a member of somebody else.
std::optional<JobId> job_of(std::string_view member) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string uuid;
  for (std::size_t i = 0; i < member.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    const auto byte = static_cast<unsigned char>(member[i]);
    uuid += kHex[byte >> 4U];
    uuid += kHex[byte & 15U];
  }
  return JobId::parse(uuid);
}

}  // namespace

QueueCounts RedisBrowser::counts(const Queue& queue) {
  const auto& keys = session_.keys(queue);
  RedisPipeline commands;
  commands.add("ZCARD", keys.dead);
  commands.add("TIME");
  commands.add("ZRANGE", keys.workers, 0, -1, "WITHSCORES");
  commands.add("GET", keys.declared);
  commands.add("GET", keys.paused);
  constexpr std::size_t kShared = 5;
  constexpr std::size_t kOfALevel = 6;
  for (const auto level : kAllLevels) {
    const auto& own = keys.at(level);
    commands.add("XLEN", own.stream);
    commands.add("XPENDING", own.stream, kRedisGroup);
    commands.add("ZCARD", own.delayed);
    commands.add("XRANGE", own.stream, "-", "+", "COUNT", 1);
    commands.begin_script(scripts::stand_aside(), {own.aside}, 0);
    commands.add("XINFO", "STREAM", own.stream);
  }

  std::vector<Reply> replies(commands.size());
  std::optional<RedisRefusal> refusal;
  session_.run(commands, std::chrono::steady_clock::now() + call_timeout_, [&](std::size_t i, Reply reply) {
    if (is_error(*reply, "NOGROUP")) return;  // no worker has come to this queue yet: nothing is running
    const bool is_of_stream = i >= kShared && (i - kShared) % kOfALevel == kOfALevel - 1;
    if (is_of_stream && (is_error(*reply, "ERR") || is_error(*reply, "NOPERM"))) return;  // there is none
    if (is_error(*reply)) {
      refusal = session_.understand(*reply, commands.what(i));
      return;
    }
    replies[i] = std::move(reply);
  });
  if (refusal) refusal->raise();

  QueueCounts counts{.dead = replies[0]->integer,
                     .workers = living(*replies[2], *replies[1]),
                     .declared_by = std::string{text(*replies[3])},
                     .paused = paused_since(*replies[4])};
  for (const auto level : kAllLevels) {
    const auto* const own = &replies[kShared + kOfALevel * index_of(level)];
    const auto running = own[1] ? elements(*own[1])[0]->integer : 0;
    auto& ready = counts.ready_at.at(index_of(level)) = own[0]->integer - running;
    counts.ready += ready;
    counts.running += running;
    counts.delayed += own[2]->integer;
    counts.oldest = std::max(counts.oldest, age(*own[3], *replies[1]));  // an empty one is the least
    const auto aside = elements(*own[4]);
    for (std::size_t i = 1; i < aside.size(); i += 2) counts.delayed += aside[i]->integer;
    for (const auto& [reason, jobs] : limited(keys.at(level))) counts.delayed += jobs;
    if (own[5]) counts.ended = counts.ended.value_or(0) + entries_gone(*own[5]);
  }
  return counts;
}

std::vector<DeadLetterEntry> RedisBrowser::dead_letters(const Queue& queue, std::size_t offset,
                                                        std::size_t count) {
  std::vector<DeadLetterEntry> letters;
  if (count == 0) return letters;
  RedisPipeline commands;
  const auto last = offset + std::min(count, kMostLetters) - 1;
  commands.add("ZREVRANGE", session_.keys(queue).dead, offset, last, "WITHSCORES");
  const auto reply = ask(commands);
  const auto words = elements(*reply);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    letters.push_back({from_epoch_ms(score_ms(*words[i + 1])), std::string{text(*words[i])}});
  }
  return letters;
}

std::vector<Queue> RedisBrowser::queues() {
  const auto& url = session_.url();
  session_.meet_keys(std::chrono::steady_clock::now() + call_timeout_);
  std::set<Queue> found;
  // No sign of a pattern may be in a prefix.
  const auto pattern = url.prefix + ":{" + (url.tag.empty() ? "*" : url.tag) + "}:*";
  std::string cursor = "0";
  do {
    RedisPipeline commands;
    commands.add("SCAN", cursor, "MATCH", pattern, "COUNT", kScanned);
    const auto reply = ask(commands);
    for (const auto* key : elements(*elements(*reply)[1])) {
      if (auto queue = queue_of(url, text(*key))) found.insert(std::move(*queue));
    }
    cursor = text(*elements(*reply)[0]);
  } while (cursor != "0");
  return {found.begin(), found.end()};
}

void RedisBrowser::for_each_job(const Queue& queue,
                                const std::function<void(JobState, std::string_view)>& visit) {
  for (const auto level : kAllLevels) visit_level(session_.keys(queue).at(level), visit);
}

void RedisBrowser::visit_level(const RedisLevelKeys& keys,
                               const std::function<void(JobState, std::string_view)>& visit) {
  visit_stream(keys.stream, visit);
  const auto visit_sorted_set = [&](const std::string& key) {
    scan("ZSCAN", key, kPage, [&](const redisReply& page) {
      for (std::size_t i = 0; i + 1 < page.elements; i += 2)
        visit(JobState::kDelayed, text(*elements(page)[i]));
    });
  };
  visit_sorted_set(keys.delayed);
  RedisPipeline commands;
  commands.begin_script(scripts::stand_aside(), {keys.aside}, 0);
  const auto aside = ask(commands);
  const auto words = elements(*aside);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) visit_sorted_set(keys.aside_for(text(*words[i])));
  for (const auto& [reason, jobs] : limited(keys)) visit_sorted_set(keys.aside_for(reason));
}

/// Of each limit that jobs of this level wait for how many do, a page at a time.
std::map<std::string, std::int64_t> RedisBrowser::limited(const RedisLevelKeys& keys) {
  std::map<std::string, std::int64_t> found;
  std::string cursor = "0";
  do {
    RedisPipeline commands;
    commands.begin_script(scripts::limited(), {keys.limited}, 2);
    commands.word(cursor);
    commands.word(kScanned);
    const auto page = ask(commands);
    const auto words = elements(*page);
    for (std::size_t i = 1; i + 1 < words.size(); i += 2)
      found[std::string{text(*words[i])}] = words[i + 1]->integer;
    cursor = text(*words[0]);
  } while (cursor != "0");
  return found;
}

void RedisBrowser::for_each_durable(const Queue& queue, const std::function<void(const JobId&)>& visit) {
  scan("SSCAN", session_.keys(queue).durable, kScanned, [&](const redisReply& page) {
    for (const auto* member : elements(page)) {
      if (const auto job = job_of(text(*member))) visit(*job);
    }
  });
}

void RedisBrowser::visit_stream(const std::string& stream,
                                const std::function<void(JobState, std::string_view)>& visit) {
  std::string from = "-";
  for (;;) {
    RedisPipeline commands;
    commands.add("XRANGE", stream, from, "+", "COUNT", kPage);
    const auto page = ask(commands);
    if (page->elements == 0) return;
    const auto id = [&](std::size_t i) { return text(*elements(*elements(*page)[i])[0]); };
    const auto running = running_between(stream, id(0), id(page->elements - 1));
    for (std::size_t i = 0; i < page->elements; ++i) {
      const auto state = running.contains(id(i)) ? JobState::kRunning : JobState::kReady;
      visit(state, payload_of(*elements(*elements(*page)[i])[1]));
    }
    from = "(";
    from += id(page->elements - 1);
  }
}

std::set<std::string, std::less<>> RedisBrowser::running_between(const std::string& stream,
                                                                 std::string_view first,
                                                                 std::string_view last) {
  RedisPipeline commands;
  commands.add("XPENDING", stream, kRedisGroup, first, last, 2 * kPage);  // some may have been deleted
  std::set<std::string, std::less<>> running;
  std::optional<RedisRefusal> refusal;
  session_.run(commands, std::chrono::steady_clock::now() + call_timeout_, [&](std::size_t i, Reply reply) {
    if (is_error(*reply, "NOGROUP")) return;  // no worker has come to this queue yet
    if (is_error(*reply)) {
      refusal = session_.understand(*reply, commands.what(i));
      return;
    }
    for (const auto* pending : elements(*reply)) running.emplace(text(*elements(*pending)[0]));
  });
  if (refusal) refusal->raise();
  return running;
}

/// One of the SCAN commands of a key, to its end.
void RedisBrowser::scan(std::string_view command, const std::string& key, std::size_t count,
                        const TakePage& take) {
  std::string cursor = "0";
  do {
    RedisPipeline commands;
    commands.add(command, key, cursor, "COUNT", count);
    const auto reply = ask(commands);
    take(*elements(*reply)[1]);
    cursor = text(*elements(*reply)[0]);
  } while (cursor != "0");
}

Reply RedisBrowser::ask(const RedisPipeline& commands) {
  return std::move(session_.ask(commands, std::chrono::steady_clock::now() + call_timeout_)[0]);
}

}  // namespace aftercommit
