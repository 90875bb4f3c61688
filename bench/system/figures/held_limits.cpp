/// Whether several workers hold a limit of starts in a second, and one of jobs of a key at once.
#include "bench/system/figures/held_limits.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/system/servers/bulk.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/tasks/trace.hpp"
#include "bench/system/workers/workers.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kKeys = 8;
constexpr std::int64_t kKeyedASecond =
    20;  // of 0.2 s each: with one of each key at a time, half of what can be

bool is_keyed(const JobRun& run) { return run.number < 0; }

/// How many of these ran at the same time, at most, in each second since `began_ns`.
std::vector<std::int64_t> most_at_once(const std::vector<JobRun>& runs, std::int64_t began_ns,
                                       std::size_t seconds) {
  std::vector<std::pair<std::int64_t, int>> changes;  // an end comes before a start of the same instant
  for (const auto& run : runs) {
    changes.emplace_back(run.started_ns, 1);
    changes.emplace_back(run.ended_ns, -1);
  }
  std::ranges::sort(changes);
  std::vector<std::int64_t> most(seconds, 0);
  std::int64_t running = 0;
  for (const auto& [at_ns, change] : changes) {
    running += change;
    auto& of_second = most.at(static_cast<std::size_t>((at_ns - began_ns) / kSecond));
    of_second = std::max(of_second, running);
  }
  return most;
}

std::vector<std::int64_t> starts_in_each(const std::vector<JobRun>& runs, std::int64_t began_ns,
                                         std::size_t seconds) {
  std::vector<std::int64_t> starts(seconds, 0);
  for (const auto& run : runs) ++starts.at(static_cast<std::size_t>((run.started_ns - began_ns) / kSecond));
  return starts;
}

/// In any second, whenever it begins; `runs` in the order of their starts.
std::int64_t most_starts_in_a_second(const std::vector<JobRun>& runs) {
  std::int64_t most = 0;
  auto first = runs.begin();
  for (auto run = runs.begin(); run != runs.end(); ++run) {
    while (run->started_ns - first->started_ns >= kSecond) ++first;
    most = std::max<std::int64_t>(most, run - first + 1);
  }
  return most;
}

void enqueue_keyed(std::int64_t jobs) {
  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> any{0, kKeys - 1};
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < jobs; ++i) {
    std::this_thread::sleep_until(began + std::chrono::nanoseconds{i * kSecond / kKeyedASecond});
    const auto key = any(random);
    tasks().one_of_a_key.delay(-1 - key, "customer " + std::to_string(key));
  }
}

}  // namespace

nlohmann::json held_limits(const Setting& setting) {
  ::setenv("BENCH_LIMITS", "1", 1);  // for the tasks, here and in the workers: otherwise they have none
  make_tables();
  const auto rated = setting.seconds * kRateASecond;
  const auto keyed = setting.seconds * kKeyedASecond;
  Trace trace{static_cast<std::size_t>(rated + keyed)};
  trace.open();
  const Workers workers{setting};
  workers.wait_until_ready();
  enqueue_in_bulk(tasks().ten_a_second, rated);
  enqueue_keyed(keyed);
  workers.wait_until([&] { return trace.full(); });

  std::vector<JobRun> of_rate;
  std::vector<JobRun> of_all_keys;
  std::map<std::int64_t, std::vector<JobRun>> of_key;
  const auto began_ns = trace.runs().front().started_ns;
  auto ended_ns = began_ns;
  for (const auto& run : trace.runs()) {
    ended_ns = std::max(ended_ns, run.ended_ns);
    (is_keyed(run) ? of_all_keys : of_rate).push_back(run);
    if (is_keyed(run)) of_key[run.number].push_back(run);
  }
  const auto seconds = static_cast<std::size_t>((ended_ns - began_ns) / kSecond + 1);
  std::vector<std::int64_t> most_of_a_key(seconds, 0);
  for (const auto& [key, runs] : of_key) {
    const auto most = most_at_once(runs, began_ns, seconds);
    for (std::size_t i = 0; i < seconds; ++i) most_of_a_key[i] = std::max(most_of_a_key[i], most[i]);
  }
  const auto rate_ns = of_rate.back().started_ns - of_rate.front().started_ns;
  return {{"workers", setting.daemons},
          {"rate_starts", starts_in_each(of_rate, began_ns, seconds)},
          {"rate_most_in_a_second", most_starts_in_a_second(of_rate)},
          {"rate", static_cast<double>(rated - 1) / static_cast<double>(rate_ns) * 1e9},
          {"keyed_starts", starts_in_each(of_all_keys, began_ns, seconds)},
          {"keyed_most_at_once", most_at_once(of_all_keys, began_ns, seconds)},
          {"most_of_a_key_at_once", most_of_a_key}};
}

}  // namespace aftercommit::bench
