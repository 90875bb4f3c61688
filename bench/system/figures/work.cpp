/// How fast a worker runs jobs, and how soon.
#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/system/figures/figures.hpp"
#include "bench/system/servers/bulk.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/timing/percentiles.hpp"
#include "bench/system/workers/worker_process.hpp"

namespace aftercommit::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kWarmUp = 20;  // jobs that are not counted
constexpr milliseconds kCountdown{500};

void pause() {
  thread_local std::mt19937 random{std::random_device{}()};
  std::this_thread::sleep_for(std::uniform_real_distribution<>{5, 10}(random)*milliseconds{1});
}

nlohmann::json lateness(std::int64_t jobs, milliseconds countdown) {
  const WorkerProcess worker{jobs + kWarmUp, {}};
  worker.wait_until([] { return lease_count("default") > 0; });  // how long it takes to start is no lateness
  for (std::int64_t i = 0; i < jobs + kWarmUp; ++i) {
    const auto due_ns = monotonic_ns() + std::chrono::nanoseconds{countdown}.count();
    tasks().stamp.apply_async({.countdown = countdown}, due_ns, "welcome");
    pause();
  }
  auto late_ns = worker.wait_for_report().late_ns;
  late_ns.erase(late_ns.begin(), late_ns.begin() + std::min<std::ptrdiff_t>(kWarmUp, std::ssize(late_ns)));
  if (late_ns.empty()) throw std::runtime_error{"too few jobs: the first 20 are not counted"};
  return percentiles(std::move(late_ns));
}

nlohmann::json inserts(const Task<std::int64_t, std::string>& task, std::int64_t jobs) {
  make_tables();
  enqueue_in_bulk(task, jobs);
  const WorkerProcess worker{jobs, {"--concurrency", "16"}};
  worker.wait_for_report();  // quietly: a question to the database would cost what we measure
  worker.wait_until([&] { return sql("SELECT FROM aftercommit.job LIMIT 1").empty(); });
  const auto row =
      sql("SELECT count(DISTINCT id), count(*), extract(epoch FROM max(at) - min(at)) FROM bench_effect")[0];
  if (row[0].as<std::int64_t>() != jobs || row[1].as<std::int64_t>() != jobs) {
    throw std::runtime_error{"of " + std::to_string(jobs) + " jobs " + row[0].as<std::string>() +
                             " have taken effect, " + row[1].as<std::string>() + " times in all"};
  }
  return {{"rate", static_cast<double>(jobs - 1) / row[2].as<double>()}};
}

}  // namespace

nlohmann::json drain(std::int64_t jobs) {
  enqueue_in_bulk(tasks().noop, jobs);
  const WorkerProcess worker{jobs, {}};
  return {{"rate", static_cast<double>(jobs - 1) / worker.wait_for_report().seconds}};
}

nlohmann::json latency(std::int64_t jobs) { return lateness(jobs, {}); }
nlohmann::json countdown(std::int64_t jobs) { return lateness(jobs, kCountdown); }

nlohmann::json insert(std::int64_t jobs) { return inserts(tasks().insert, jobs); }
nlohmann::json insert_batch(std::int64_t jobs) { return inserts(tasks().insert_batch, jobs); }

}  // namespace aftercommit::bench
