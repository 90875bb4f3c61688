/// The calls of the interface, as Redis commands; the larger ones have files of their own.
#include "broker/redis_broker.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "broker/epoch_ms.hpp"
#include "broker/redis_check.hpp"
#include "broker/redis_enqueue.hpp"
#include "broker/redis_settle.hpp"

namespace aftercommit {
namespace {

constexpr Millis kLongestWait = std::chrono::hours{1};  // an earlier return is always allowed
constexpr std::size_t kMostLetters = 1'000'000'000;     // keeps offset + count within what Redis can read

/// A score of a sorted set: a whole number of ms, unless another program has put it there.
std::int64_t score_ms(const redisReply& score) {
  double ms = 0;
  std::from_chars(text(score).data(), text(score).data() + text(score).size(), ms);
  return ms > 0 ? static_cast<std::int64_t>(std::min(ms, static_cast<double>(kLongestMs))) : 0;
}

}  // namespace

RedisBroker::RedisBroker(RedisUrl url, Millis call_timeout)
    : call_timeout_{call_timeout}, session_{std::move(url)} {}

void RedisBroker::enqueue(std::span<const Outgoing> jobs, Millis timeout) {
  redis_enqueue(session_, jobs, std::chrono::steady_clock::now() + std::min(timeout, kLongestWait));
}

std::vector<Fetched> RedisBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                        std::size_t count, Millis wait) {
  wait = std::clamp(wait, Millis{0}, kLongestWait);
  return fetcher_.fetch(worker, queues, count, wait, call_timeout_);
}

std::vector<Settled> RedisBroker::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  return redis_settle(session_, worker, settlements, deadline());
}

Promotion RedisBroker::promote(std::span<const Queue> queues, std::size_t limit) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    const auto& keys = session_.keys(queue);
    commands.begin_script(scripts::promote(), {keys.stream, keys.delayed}, 1);
    commands.word(std::min(limit, kScriptJobs));
  }
  Promotion promotion;
  for (const auto& reply : session_.ask(commands, deadline())) {
    const auto answer = elements(*reply);
    promotion.promoted += static_cast<std::size_t>(answer[0]->integer);
    const Millis next_due{answer[1]->integer};
    if (next_due < Millis{0}) continue;
    promotion.next_due = std::min(promotion.next_due.value_or(next_due), next_due);
  }
  return promotion;
}

bool RedisBroker::await_schedule(std::span<const Queue> queues, Millis timeout) {
  return wake_.wait(queues, std::clamp(timeout, Millis{0}, kLongestWait), deadline());
}

QueueCounts RedisBroker::counts(const Queue& queue) {
  const auto& keys = session_.keys(queue);
  RedisPipeline commands;
  commands.add("XLEN", keys.stream);
  commands.add("XPENDING", keys.stream, kRedisGroup);
  commands.add("ZCARD", keys.delayed);
  commands.add("ZCARD", keys.dead);

  std::array<std::int64_t, 4> numbers{};
  std::optional<RedisRefusal> refusal;
  session_.run(commands, deadline(), [&](std::size_t i, Reply reply) {
    if (is_error(*reply, "NOGROUP")) return;  // no worker has come to this queue yet: nothing is running
    if (is_error(*reply)) {
      refusal = session_.understand(*reply, commands.what(i));
    } else {
      numbers.at(i) = reply->type == REDIS_REPLY_ARRAY ? elements(*reply)[0]->integer : reply->integer;
    }
  });
  if (refusal) refusal->raise();
  const auto [entries, running, delayed, dead] = numbers;
  return {.ready = entries - running, .running = running, .delayed = delayed, .dead = dead};
}

std::vector<DeadLetterEntry> RedisBroker::dead_letters(const Queue& queue, std::size_t offset,
                                                       std::size_t count) {
  std::vector<DeadLetterEntry> letters;
  if (count == 0) return letters;
  RedisPipeline commands;
  const auto last = offset + std::min(count, kMostLetters) - 1;
  commands.add("ZREVRANGE", session_.keys(queue).dead, offset, last, "WITHSCORES");
  const auto replies = session_.ask(commands, deadline());
  const auto words = elements(*replies[0]);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    letters.push_back({from_epoch_ms(score_ms(*words[i + 1])), std::string{text(*words[i])}});
  }
  return letters;
}

std::vector<std::string> RedisBroker::check() { return redis_check(session_, deadline()); }

}  // namespace aftercommit
