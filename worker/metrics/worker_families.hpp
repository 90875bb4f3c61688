/// The counts of all processes of a worker, as one.
#pragma once

#include <cstdint>
#include <vector>

#include "aftercommit/metrics.hpp"
#include "worker/metrics/process_block.hpp"

namespace aftercommit::worker {

/// `now_ms`: of the steady clock.
std::vector<MetricFamily> worker_families(const std::vector<const ProcessBlock*>& processes,
                                          std::int64_t now_ms);

}  // namespace aftercommit::worker
