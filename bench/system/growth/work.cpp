/// How fast and how soon workers run jobs, in all the settings.
#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/system/growth/growth.hpp"
#include "bench/system/servers/bulk.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/tasks/trace.hpp"
#include "bench/system/timing/percentiles.hpp"
#include "bench/system/workers/workers.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::int64_t kWarmUp = 20;  // jobs whose latency is not counted

std::mt19937& random_numbers() {
  static std::mt19937 random{std::random_device{}()};
  return random;
}

}  // namespace

nlohmann::json growth_drain(const Setting& setting) {
  Trace trace{static_cast<std::size_t>(setting.jobs)};
  const Workers workers{setting};
  workers.wait_until_ready();
  trace.open();
  workers.wait_until([&] { return trace.full(); });
  return {{"rate", trace.rate(static_cast<std::size_t>(setting.jobs) / 10)}};
}

nlohmann::json growth_due(const Setting& setting) {
  constexpr std::chrono::seconds kAhead{2};  // long enough to enqueue them all
  Trace trace{static_cast<std::size_t>(setting.jobs)};
  trace.open();
  const Workers workers{setting};
  workers.wait_until_ready();
  const auto due = std::chrono::system_clock::now() + kAhead;
  enqueue_in_bulk(tasks().noop, setting.jobs, {.eta = due});
  if (std::chrono::system_clock::now() > due) throw std::runtime_error{"too many jobs to enqueue within 2 s"};
  workers.wait_until([&] { return trace.full(); });
  return {{"rate", trace.rate()}};
}

nlohmann::json growth_latency(const Setting& setting) {
  const auto jobs = setting.jobs + kWarmUp;
  const auto queues = queue_names(setting);
  Trace trace{static_cast<std::size_t>(jobs)};
  trace.open();
  const Workers workers{setting};
  workers.wait_until_ready();
  std::uniform_int_distribution<std::size_t> any{0, queues.size() - 1};
  std::uniform_real_distribution<> pause_ms{5, 10};
  for (std::int64_t i = 0; i < jobs; ++i) {
    tasks().noop.apply_async({.queue = queues[any(random_numbers())]}, monotonic_ns(), "welcome");
    std::this_thread::sleep_for(pause_ms(random_numbers()) * std::chrono::milliseconds{1});
  }
  workers.wait_until([&] { return trace.full(); });
  std::vector<std::int64_t> late_ns;
  for (const auto& run : trace.runs().subspan(kWarmUp)) late_ns.push_back(run.started_ns - run.number);
  return percentiles(std::move(late_ns));
}

nlohmann::json growth_insert(const Setting& setting) {
  sql("DROP TABLE IF EXISTS bench_effect");
  make_tables();
  CallOptions options;
  if (setting.ledger) options.delivery = Delivery::kImmediate;
  enqueue_in_bulk(tasks().insert, setting.jobs, options);
  Trace trace{static_cast<std::size_t>(setting.jobs)};
  const Workers workers{setting};
  workers.wait_until_ready();
  trace.open();
  workers.wait_until([&] { return trace.full(); });
  // The last ones have run and may not have committed yet.
  const auto committed = [] { return sql("SELECT count(*) FROM bench_effect")[0][0].as<std::int64_t>(); };
  workers.wait_until([&] { return committed() >= setting.jobs; });
  const auto row =
      sql("SELECT count(DISTINCT id), count(*), extract(epoch FROM max(at) - min(at)) FROM bench_effect")[0];
  if (row[0].as<std::int64_t>() != setting.jobs || row[1].as<std::int64_t>() != setting.jobs)
    throw std::runtime_error{"not every job has taken effect once"};
  return {{"rate", static_cast<double>(setting.jobs - 1) / row[2].as<double>()}};
}

nlohmann::json growth_tables(const Setting&) {
  sql("DROP TABLE IF EXISTS bench_effect");
  make_tables();
  sql("DROP TABLE bench_effect");
  return nlohmann::json::object();
}

}  // namespace aftercommit::bench
