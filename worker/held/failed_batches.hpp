/// Jobs whose batch has failed: they run in no other.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <set>

#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// Thread-safe.  Those that wait long for their turn go back to the broker, and would come in a batch again:
/// the broker does not know of it.  The oldest are forgotten, for want of room.
class FailedBatches {
 public:
  void note(const JobId& job) {
    const std::lock_guard lock{mutex_};
    if (!jobs_.insert(job).second) return;
    order_.push_back(job);
    if (order_.size() > kRemembered) {
      jobs_.erase(order_.front());
      order_.pop_front();
    }
    any_ = true;
  }
  bool had(const JobId& job) const {
    if (!any_) return false;
    const std::lock_guard lock{mutex_};
    return jobs_.contains(job);
  }

 private:
  static constexpr std::size_t kRemembered = 10'000;

  mutable std::mutex mutex_;  // protects the next two
  std::set<JobId> jobs_;
  std::deque<JobId> order_;  // of jobs_, the oldest first
  std::atomic<bool> any_{false};
};

}  // namespace aftercommit::worker
