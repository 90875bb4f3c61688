/// What a client pays for jobs without a database, and what Redis holds of them.
#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/system/figures.hpp"
#include "bench/system/servers.hpp"
#include "bench/system/stopwatch.hpp"
#include "bench/system/tasks.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::int64_t kBulk = 1000;

void enqueue_all(std::int64_t jobs, const CallOptions& options = {}) {
  std::vector<TaskCall<std::int64_t, std::string>> calls;
  for (std::int64_t first = 0; first < jobs; first += kBulk) {
    calls.clear();
    for (auto i = first; i < std::min(first + kBulk, jobs); ++i) calls.emplace_back(i, "welcome");
    tasks().noop.apply_async_many(options, calls);
  }
}

double bytes_per_job(std::int64_t jobs, const CallOptions& options) {
  empty_redis();
  enqueue_all(1, options);  // a queue's own keys, and the connection
  const auto before = redis_memory();
  enqueue_all(jobs, options);
  return static_cast<double>(redis_memory() - before) / static_cast<double>(jobs);
}

}  // namespace

nlohmann::json enqueue_one(std::int64_t jobs) {
  tasks().noop.delay(0, "welcome");  // connects
  const Stopwatch watch;
  for (std::int64_t i = 0; i < jobs; ++i) tasks().noop.delay(i, "welcome");
  return {{"rate", watch.rate(jobs)}};
}

nlohmann::json enqueue_bulk(std::int64_t jobs) {
  enqueue_all(kBulk);
  const Stopwatch watch;
  enqueue_all(jobs);
  return {{"rate", watch.rate(jobs)}};
}

nlohmann::json memory(std::int64_t jobs) {
  return {{"waiting_bytes", bytes_per_job(jobs, {})},
          {"delayed_bytes", bytes_per_job(jobs, {.countdown = std::chrono::hours{1}})}};
}

}  // namespace aftercommit::bench
