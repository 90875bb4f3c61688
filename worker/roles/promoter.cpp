#include "worker/roles/promoter.hpp"

#include <algorithm>
#include <utility>

#include "base/process/fail_point.hpp"

namespace aftercommit::worker {

Promoter::Promoter(std::unique_ptr<DelayedJobs> broker, std::vector<Queue> queues, OfShard of)
    : broker_{std::move(broker)},
      queues_{std::move(queues)},
      thread_{{"promoting delayed jobs", of.called}, [this](const std::stop_token&) { promote(); }} {}

void Promoter::promote() {
  constexpr std::size_t kBatch = 100;
  constexpr Millis kLongestWait{500};  // a sign may be missed, and a stop is noticed only between waits
  const auto promotion = broker_->promote(queues_, kBatch);
  thread_.succeeded();
  if (promotion.promoted > 0) fail_point("scheduler.after_promote");
  const auto wait = std::min(promotion.next_due.value_or(kLongestWait), kLongestWait);
  if (wait > Millis{0}) broker_->await_schedule(queues_, wait);
}

}  // namespace aftercommit::worker
