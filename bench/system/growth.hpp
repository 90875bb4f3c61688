/// The figures of bench/growth: what the work costs in other sizes and numbers than the usual ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace aftercommit::bench {

struct Setting {
  std::int64_t jobs = 0;
  std::int64_t queues = 1;  ///< 1: the default one
  std::int64_t daemons = 1;
  std::int64_t processes = 1;  ///< of each daemon
  std::int64_t concurrency = 8;
  std::optional<std::int64_t> prefetch{};   ///< otherwise the worker's default
  std::int64_t bytes = 7;                   ///< of the text that is the second argument
  std::optional<std::int64_t> countdown{};  ///< in seconds
  bool ledger = false;                      ///< jobs without a row
  std::int64_t per_second = 0;              ///< enqueued
  std::int64_t seconds = 30;                ///< of work under limits
};

using GrowthFigure = nlohmann::json (*)(const Setting&);

/// Enqueues jobs that do nothing, in calls of 1,000, and leaves them there; Redis' bytes for each and the
/// rate.
nlohmann::json growth_fill(const Setting& setting);
/// Enqueues them one at a time: the rate.
nlohmann::json growth_enqueue(const Setting& setting);
/// Starts workers where jobs wait, and stops them when so many have run: the rate of those, the first
/// tenth left out.
nlohmann::json growth_drain(const Setting& setting);
/// Enqueues jobs that are all due at the same instant: the rate at which idle workers start them.
nlohmann::json growth_due(const Setting& setting);
/// Enqueues one job at a time for an idle worker, into any of the queues: from enqueue to start.
nlohmann::json growth_latency(const Setting& setting);
/// Enqueues jobs that insert one row each, then starts workers: the rate.
nlohmann::json growth_insert(const Setting& setting);
/// Enqueues at a steady rate, every 100th job taking a second: how long the others waited, and how long of
/// that some worker had an idle executor.
nlohmann::json growth_fairness(const Setting& setting);
/// Times sweeps of a relay, beside those of whatever worker there is.
nlohmann::json growth_sweep(const Setting& setting);
/// A relay of its own brings what rows there are to Redis: the rate.
nlohmann::json growth_relay(const Setting& setting);
/// Makes the tables.
nlohmann::json growth_tables(const Setting& setting);

/// Of bench/held_limits.py: jobs of a rate and jobs of keys, for so many seconds.  In each second how many
/// started, and how many ran at once; in all the most starts in any second, and the rate.
nlohmann::json held_limits(const Setting& setting);

}  // namespace aftercommit::bench
