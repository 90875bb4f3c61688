/// What a client pays for jobs without a database, and what Redis holds of them.
#include <chrono>

#include "bench/system/figures/figures.hpp"
#include "bench/system/servers/bulk.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/timing/stopwatch.hpp"

namespace aftercommit::bench {
namespace {

double bytes_per_job(std::int64_t jobs, const CallOptions& options) {
  empty_redis();
  enqueue_in_bulk(tasks().noop, 1, options);  // a queue's own keys, and the connection
  const auto before = redis_memory();
  enqueue_in_bulk(tasks().noop, jobs, options);
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
  enqueue_in_bulk(tasks().noop, kBulk);
  const Stopwatch watch;
  enqueue_in_bulk(tasks().noop, jobs);
  return {{"rate", watch.rate(jobs)}};
}

nlohmann::json memory(std::int64_t jobs) {
  return {{"waiting_bytes", bytes_per_job(jobs, {})},
          {"delayed_bytes", bytes_per_job(jobs, {.countdown = std::chrono::hours{1}})}};
}

}  // namespace aftercommit::bench
