/// Attempts that the loss of their connection has cut short.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>

#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// Thread-safe.  A server that goes away is nobody's fault; but a task whose statement makes its own backend
/// crash, or that is silent for longer than the server bears, loses its connection each time.
class Interruptions {
 public:
  static constexpr int kMost = 10;  ///< in a row; the last one counts as a failure of the job

  /// One more of this job.  How many more it may have: 0 if this one is no longer taken for the server's
  /// fault.
  int note(const JobId& job) {
    const std::lock_guard lock{mutex_};
    const int left = std::max(kMost - ++counts_[job], 0);
    if (counts_.size() > kRemembered) counts_.erase(counts_.begin());
    any_ = true;
    return left;
  }
  /// Whether its latest attempt has ended so.
  bool contains(const JobId& job) {
    if (!any_) return false;
    const std::lock_guard lock{mutex_};
    return counts_.contains(job);
  }
  /// Its attempt has ended otherwise.
  void forget(const JobId& job) {
    if (!any_) return;
    const std::lock_guard lock{mutex_};
    counts_.erase(job);
    any_ = !counts_.empty();
  }

 private:
  static constexpr std::size_t kRemembered = 10'000;

  std::mutex mutex_;  // protects counts_
  std::map<JobId, int> counts_;
  std::atomic<bool> any_{false};
};

}  // namespace aftercommit::worker
