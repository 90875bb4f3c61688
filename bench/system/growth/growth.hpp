/// The figures of bench/growth: what the work costs in other sizes and numbers than the usual ones.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/system/workers/setting.hpp"

namespace aftercommit::bench {

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

}  // namespace aftercommit::bench
