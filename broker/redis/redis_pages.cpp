/// What an operator looks at page by page: no command reads more than a few hundred jobs, nor much more than
/// half a MiB, unless one job alone is larger.
#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"
#include "broker/redis/jobs/redis_entry.hpp"
#include "broker/redis/jobs/redis_stream_id.hpp"
#include "broker/redis/redis_browse.hpp"
#include "broker/redis/redis_scores.hpp"

namespace aftercommit {
namespace job_pages {  // with a name, as a class of this file has members of these types

constexpr std::size_t kPageBytes = 4UL << 20U;  // of a page; then it ends early
constexpr std::size_t kWalkedOver = 1000;       // entries of one time that a command may pass over

/// How many jobs the next command reads, by the size of those before.
class BatchSize {
 public:
  std::size_t of(std::size_t room) const { return std::min(room, jobs_); }
  void saw(std::size_t bytes) {
    constexpr std::size_t kMostJobs = 200;
    if (bytes < 128UL << 10U) jobs_ = std::min(2 * jobs_, kMostJobs);
    if (bytes > 512UL << 10U) jobs_ = std::max<std::size_t>(jobs_ / 4, 1);
  }

 private:
  std::size_t jobs_ = 20;
};

/// Where a page has ended: "2:1700000000000-0", or of a sorted set "2:1700000000000:3:database:reports", a
/// score, how many of it were shown, and a reason.
struct Place {
  std::size_t level = 0;
  std::string at{};
  std::size_t shown = 0;
  std::string reason{};

  std::string str(JobPart part) const {
    auto text = std::to_string(level) + ':' + at;
    if (part == JobPart::kDelayed || part == JobPart::kAside) text += ':' + std::to_string(shown);
    if (part == JobPart::kAside) text += ':' + reason;
    return text;
  }
};

inline bool is_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

inline Place read_place(JobPart part, std::string_view text) {
  Place place;
  if (text.empty()) return place;
  const auto whole = text;
  bool right = true;
  const auto next = [&]() -> std::string_view {  // up to a colon
    const auto end = text.find(':');
    const auto word = text.substr(0, end);
    right &= end != std::string_view::npos;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
  };
  const auto count = [&](std::string_view digits) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    right &= error == std::errc{} && end == digits.data() + digits.size();
    return number;
  };
  place.level = count(next());
  if (part == JobPart::kReady || part == JobPart::kRunning) {
    place.at = text;
    right &= text.empty() || StreamId::parse(text).has_value();
  } else {
    place.at = next();
    right &= place.at.empty() || is_number(place.at);
    if (part == JobPart::kDelayed) {
      place.shown = count(text);
    } else {
      place.shown = count(next());
      place.reason = text;
    }
  }
  if (right && place.level < kLevels) return place;
  throw UsageError{"'" + clean_text(whole, 100) + "' is no place among jobs to go on from"};
}

inline std::chrono::system_clock::time_point time_of(std::string_view entry) {
  const auto id = StreamId::parse(entry);
  return from_epoch_ms(
      id ? static_cast<std::int64_t>(std::min<std::uint64_t>(id->ms, static_cast<std::uint64_t>(kLongestMs)))
         : 0);
}

}  // namespace job_pages

/// One page.
class RedisBrowser::Pager {
 public:
  Pager(RedisBrowser& browser, const RedisKeys& keys, JobPart part, std::size_t count)
      : browser_{browser}, keys_{keys}, part_{part}, count_{std::max<std::size_t>(count, 1)} {}

  JobPage read(const std::string& after) {
    place_ = job_pages::read_place(part_, after);
    for (; place_.level < kLevels; place_ = {.level = place_.level + 1}) {
      if (is_full() || !read_level()) {
        page_.next = place_.str(part_);
        break;
      }
    }
    return std::move(page_);
  }

 private:
  struct Holder {
    WorkerId worker;
    Millis held{0};
  };
  using Holders = std::vector<std::pair<std::string, Holder>>;  // by entry, in their order

  bool is_full() const { return page_.looked_at >= count_ || bytes_ >= job_pages::kPageBytes; }
  std::size_t next_count() const { return batch_.of(count_ - page_.looked_at); }

  /// False: there may be more of this level.
  bool read_level() {
    const auto level = kAllLevels.at(place_.level);
    switch (part_) {
      case JobPart::kRunning:
        return read_running(level);
      case JobPart::kReady:
        return read_ready(level);
      case JobPart::kDelayed:
        return read_set(level, keys_.at(level).delayed);
      case JobPart::kAside:
        break;
    }
    return read_aside(level);
  }

  bool read_running(Priority level) {
    const auto& stream = keys_.at(level).stream;
    while (!is_full()) {
      const auto asked = next_count();
      const auto holders = pending(stream, place_.at.empty() ? "-" : "(" + place_.at, "+", asked);
      if (holders.empty()) return true;
      RedisPipeline commands;
      for (const auto& [id, holder] : holders) commands.add("XRANGE", stream, id, id);
      const auto replies = browser_.session_.ask(commands, deadline());
      std::size_t bytes = 0, i = 0;
      for (const auto& [id, holder] : holders) {
        const auto& reply = *replies[i++];
        if (reply.elements == 0) continue;  // settled meanwhile
        bytes += add({.part = part_,
                      .level = level,
                      .payload = payload_of(*elements(*elements(reply)[0])[1]),
                      .place = id,
                      .at = job_pages::time_of(id),
                      .worker = holder.worker,
                      .held = holder.held});
      }
      ended_with(holders.size(), bytes);
      place_.at = holders.back().first;
      if (holders.size() < asked) return true;
    }
    return false;
  }

  bool read_ready(Priority level) {
    const auto& stream = keys_.at(level).stream;
    while (!is_full()) {
      const auto asked = next_count();
      RedisPipeline commands;
      commands.add("XRANGE", stream, place_.at.empty() ? "-" : "(" + place_.at, "+", "COUNT", asked);
      const auto page = browser_.ask(commands);
      const auto entries = elements(*page);
      if (entries.empty()) return true;
      const auto id = [&](std::size_t i) { return std::string{text(*elements(*entries[i])[0])}; };
      const auto running = browser_.running_between(stream, id(0), id(entries.size() - 1));
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (running.contains(id(i))) continue;
        bytes += add({.part = part_,
                      .level = level,
                      .payload = payload_of(*elements(*entries[i])[1]),
                      .place = id(i),
                      .at = job_pages::time_of(id(i))});
      }
      ended_with(entries.size(), bytes);
      place_.at = id(entries.size() - 1);
      if (entries.size() < asked) return true;
    }
    return false;
  }

  bool read_set(Priority level, const std::string& key) {
    while (!is_full()) {
      const auto asked = next_count();
      RedisPipeline commands;
      if (place_.shown < job_pages::kWalkedOver) {
        commands.add("ZRANGEBYSCORE", key, place_.at.empty() ? "-inf" : place_.at, "+inf", "WITHSCORES",
                     "LIMIT", place_.shown, asked);
      } else {  // very many of one time: LIMIT would walk over all that it leaves out
        RedisPipeline rank;
        rank.add("ZCOUNT", key, "-inf", place_.at.empty() ? "-inf" : "(" + place_.at);
        const auto first = static_cast<std::size_t>(browser_.ask(rank)->integer) + place_.shown;
        commands.add("ZRANGE", key, first, first + asked - 1, "WITHSCORES");
      }
      const auto page = browser_.ask(commands);
      const auto words = elements(*page);
      std::size_t bytes = 0;
      for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        bytes += add({.part = part_,
                      .level = level,
                      .payload = std::string{text(*words[i])},
                      .reason = place_.reason,
                      .at = from_epoch_ms(score_ms(*words[i + 1]))});
        const auto score = text(*words[i + 1]);
        place_.shown = score == place_.at ? place_.shown + 1 : 1;
        place_.at = score;
      }
      ended_with(words.size() / 2, bytes);
      if (words.size() / 2 < asked) return true;
    }
    return false;
  }

  bool read_aside(Priority level) {
    for (const auto& reason : reasons(keys_.at(level))) {
      if (reason < place_.reason) continue;
      if (is_full()) return false;
      if (reason != place_.reason) place_ = {.level = place_.level, .reason = reason};
      if (!read_set(level, keys_.at(level).aside_for(reason))) return false;
    }
    return true;
  }

  std::set<std::string> reasons(const RedisLevelKeys& level) {
    RedisPipeline commands;
    commands.begin_script(scripts::stand_aside(), {level.aside}, 0);
    const auto aside = browser_.ask(commands);
    std::set<std::string> found;
    for (std::size_t i = 0; i < aside->elements; i += 2) found.emplace(text(*elements(*aside)[i]));
    for (const auto& [reason, jobs] : browser_.limited(level)) found.insert(reason);
    return found;
  }

  Holders pending(const std::string& stream, const std::string& from, std::string_view to,
                  std::size_t count) {
    RedisPipeline commands;
    commands.add("XPENDING", stream, kRedisGroup, from, to, count);
    Holders holders;
    std::optional<RedisRefusal> refusal;
    browser_.session_.run(commands, deadline(), [&](std::size_t i, Reply reply) {
      if (is_error(*reply, "NOGROUP")) return;  // no worker has come to this queue yet
      if (is_error(*reply)) {
        refusal = browser_.session_.understand(*reply, commands.what(i));
        return;
      }
      for (const auto* one : elements(*reply)) {
        const auto words = elements(*one);
        holders.emplace_back(text(*words[0]),
                             Holder{std::string{text(*words[1])}, Millis{words[2]->integer}});
      }
    });
    if (refusal) refusal->raise();
    return holders;
  }

  std::size_t add(JobEntry entry) {
    const auto bytes = entry.payload.size();
    page_.jobs.push_back(std::move(entry));
    return bytes;
  }
  void ended_with(std::size_t entries, std::size_t bytes) {
    page_.looked_at += entries;
    bytes_ += bytes;
    batch_.saw(bytes);
  }
  std::chrono::steady_clock::time_point deadline() const {
    return std::chrono::steady_clock::now() + browser_.call_timeout_;
  }

  RedisBrowser& browser_;  // not owned, outlives this, as the next
  const RedisKeys& keys_;
  const JobPart part_;
  const std::size_t count_;
  job_pages::Place place_;
  job_pages::BatchSize batch_;
  std::size_t bytes_ = 0;
  JobPage page_;
};

JobPage RedisBrowser::jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) {
  return Pager{*this, session_.keys(queue), part, count}.read(after);
}

/// Those of one place go in one call of the script, up to its bounds.
std::size_t RedisBrowser::remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                                      std::span<const std::optional<JobId>> durable) {
  const auto& keys = session_.keys(queue);
  RedisPipeline commands;
  for (std::size_t begin = 0; begin < jobs.size();) {
    const auto& first = jobs[begin];
    std::size_t end = begin, bytes = 0;
    while (end < jobs.size() && end - begin < kScriptJobs && bytes < kScriptBytes &&
           jobs[end].part == first.part && jobs[end].level == first.level &&
           jobs[end].reason == first.reason) {
      bytes += jobs[end++].payload.size();
    }
    const auto batch = jobs.subspan(begin, end - begin);
    const auto ids = durable.subspan(begin, end - begin);
    begin = end;
    if (first.part == JobPart::kRunning) continue;
    const auto& level = keys.at(first.level);
    const bool in_stream = first.part == JobPart::kReady;
    const auto place = in_stream                       ? level.stream
                       : first.part == JobPart::kAside ? level.aside_for(first.reason)
                                                       : level.delayed;
    std::vector<std::string_view> words{keys.durable, place};
    if (first.part == JobPart::kAside) words.push_back(level.reasons_of(first.reason));
    commands.begin_script(scripts::remove(), words, 2 + 2 * batch.size());
    commands.word(first.reason);
    commands.word(in_stream ? "1" : "0");
    for (std::size_t i = 0; i < batch.size(); ++i) {
      commands.word(in_stream ? batch[i].place : batch[i].payload);
      commands.word(ids[i] ? durable_member(*ids[i]) : std::string_view{});
    }
  }
  if (commands.size() == 0) return 0;
  std::size_t gone = 0;
  for (const auto& reply : session_.ask(commands, std::chrono::steady_clock::now() + call_timeout_))
    gone += static_cast<std::size_t>(reply->integer);
  return gone;
}

std::vector<WorkerView> RedisBrowser::workers(const Queue& queue) {
  const auto& keys = session_.keys(queue);
  RedisPipeline commands;
  commands.add("TIME");
  commands.add("ZRANGE", keys.workers, 0, -1, "WITHSCORES");
  const auto deadline = std::chrono::steady_clock::now() + call_timeout_;
  const auto replies = session_.ask(commands, deadline);
  const auto digits = text(*elements(*replies[0])[0]);
  std::int64_t now_s = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), now_s);
  std::vector<WorkerView> found;
  RedisPipeline asked;
  const auto words = elements(*replies[1]);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    found.push_back(
        {.worker = std::string{text(*words[i])}, .left = Millis{score_ms(*words[i + 1]) - now_s * 1000}});
    asked.add("GET", keys.report_of(found.back().worker));
  }
  if (found.empty()) return found;
  const auto reports = session_.ask(asked, deadline);
  for (std::size_t i = 0; i < found.size(); ++i) found[i].report = text(*reports[i]);
  std::ranges::sort(found, {}, &WorkerView::worker);
  return found;
}

std::vector<DeadLetterEntry> RedisBrowser::dead_letters_until(const Queue& queue,
                                                              std::chrono::system_clock::time_point until,
                                                              std::size_t offset, std::size_t count) {
  std::vector<DeadLetterEntry> letters;
  const auto until_ms = std::chrono::floor<std::chrono::milliseconds>(until.time_since_epoch()).count();
  // A score may lie beyond what the clock can hold, and is shown as its end.
  const auto highest = until >= from_epoch_ms(kLongestMs) ? std::string{"+inf"} : std::to_string(until_ms);
  job_pages::BatchSize batch;
  while (letters.size() < count) {
    const auto asked = batch.of(count - letters.size());
    RedisPipeline commands;
    commands.add("ZREVRANGEBYSCORE", session_.keys(queue).dead, highest, "-inf", "WITHSCORES", "LIMIT",
                 offset + letters.size(), asked);
    const auto page = ask(commands);
    const auto words = elements(*page);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
      letters.push_back({from_epoch_ms(score_ms(*words[i + 1])), std::string{text(*words[i])}});
      bytes += letters.back().letter.size();
    }
    batch.saw(bytes);
    if (words.size() / 2 < asked) break;
  }
  return letters;
}

}  // namespace aftercommit
