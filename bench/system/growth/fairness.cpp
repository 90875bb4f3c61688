/// Whether quick jobs wait behind slow ones while a worker is idle.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "bench/system/growth/growth.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/tasks/trace.hpp"
#include "bench/system/timing/percentiles.hpp"
#include "bench/system/workers/workers.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::int64_t kSlowEvery = 100;
constexpr std::int64_t kLateNs = 10'000'000;
constexpr std::size_t kLateShown = 20;

/// Tells how long, of any time, at least one executor had nothing to run.
class IdleTime {
 public:
  IdleTime(std::span<const JobRun> runs, std::int64_t executors) {
    std::vector<std::pair<std::int64_t, int>> changes;
    for (const auto& run : runs) {
      changes.emplace_back(run.started_ns, 1);
      changes.emplace_back(run.ended_ns, -1);
    }
    std::ranges::sort(changes);
    std::int64_t running = 0;
    std::int64_t idle_ns = 0;
    for (const auto& [at_ns, change] : changes) {
      if (!moments_.empty() && running < executors) idle_ns += at_ns - moments_.back().at_ns;
      running += change;
      moments_.push_back({at_ns, idle_ns, running < executors});
    }
  }

  std::int64_t between(std::int64_t from_ns, std::int64_t to_ns) const {
    return until(to_ns) - until(from_ns);
  }

 private:
  struct Moment {
    std::int64_t at_ns;
    std::int64_t idle_ns;  // since the first
    bool idle;             // from here to the next
  };

  std::int64_t until(std::int64_t at_ns) const {
    const auto next = std::ranges::upper_bound(moments_, at_ns, {}, &Moment::at_ns);
    if (next == moments_.begin()) return at_ns - next->at_ns;  // before the first job all are idle
    const auto& last = *std::prev(next);
    return last.idle_ns + (last.idle ? at_ns - last.at_ns : 0);
  }

  std::vector<Moment> moments_;
};

double in_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace

nlohmann::json growth_fairness(const Setting& setting) {
  Trace trace{static_cast<std::size_t>(setting.jobs)};
  trace.open();
  const Workers workers{setting};
  workers.wait_until_ready();
  std::vector<std::int64_t> enqueued_ns;
  const auto began = std::chrono::steady_clock::now();
  const auto apart = std::chrono::nanoseconds{1'000'000'000 / setting.per_second};
  for (std::int64_t i = 0; i < setting.jobs; ++i) {
    std::this_thread::sleep_until(began + i * apart);
    enqueued_ns.push_back(monotonic_ns());
    (i % kSlowEvery == kSlowEvery / 2 ? tasks().slow : tasks().noop).delay(i, "welcome");
  }
  workers.wait_until([&] { return trace.full(); });

  const auto runs = trace.runs();
  const IdleTime idle{runs, setting.daemons * setting.processes * setting.concurrency};
  std::vector<std::int64_t> waited_ns;
  std::int64_t beside_idle_ns = 0;      // the longest
  auto late = nlohmann::json::array();  // number, ms, worker process: to look into
  for (const auto& run : runs) {
    if (run.number % kSlowEvery == kSlowEvery / 2) continue;
    const auto from_ns = enqueued_ns[static_cast<std::size_t>(run.number)];
    waited_ns.push_back(run.started_ns - from_ns);
    if (waited_ns.back() > kLateNs && late.size() < kLateShown)
      late.push_back({run.number, in_ms(waited_ns.back()), run.worker});
    beside_idle_ns = std::max(beside_idle_ns, idle.between(from_ns, run.started_ns));
  }
  auto result = percentiles(waited_ns);
  result["max_ms"] = in_ms(std::ranges::max(waited_ns));
  result["beside_idle_max_ms"] = in_ms(beside_idle_ns);
  result["over_10_ms"] = std::ranges::count_if(waited_ns, [](std::int64_t ns) { return ns > kLateNs; });
  result["late"] = std::move(late);
  return result;
}

}  // namespace aftercommit::bench
