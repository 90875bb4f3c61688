/// What a program has asked for, by task, as metrics tell it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/metrics.hpp"
#include "base/metrics/counts.hpp"
#include "client/sending/send_counts.hpp"

namespace aftercommit::detail {

/// Jobs of one task, counted when they are asked for: also those whose transaction is rolled back.
struct EnqueueCounts {
  Count durable;
  Count on_commit;
  Count immediate;
  Count joined;  ///< unique ones that there were already, and that were not asked for anew
};

/// The most tasks, or queues, that have a label of their own; what further ones have done stands under
/// kOtherLabel.
inline constexpr std::size_t kMostTaskLabels = 100;
inline constexpr std::size_t kMostQueueLabels = 30;
inline constexpr const char* kOtherLabel = "other";

/// The families of an app, of several processes where they are given.  A task may stand there more than once.
/// Zeros are left out, but for those that have no task.
std::vector<MetricFamily> enqueue_families(
    const std::vector<std::pair<std::string, const EnqueueCounts*>>& tasks,
    const std::vector<const SendCounts*>& sends);

}  // namespace aftercommit::detail
