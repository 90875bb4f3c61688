/// Attempts that the loss of their connection has cut short.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// Thread-safe.  A server that goes away is nobody's fault; but a task whose statement makes its own backend
/// crash, or that is silent for longer than the server bears, loses its connection each time.
class Interruptions {
 public:
  /// One more of this job: true while it may be the server's fault.
  bool note(const JobId& job) {
    const std::lock_guard lock{mutex_};
    const bool bearable = ++counts_[job] < kMost;
    if (counts_.size() > kRemembered) counts_.erase(counts_.begin());
    any_ = true;
    return bearable;
  }
  /// Its attempt has ended otherwise.
  void forget(const JobId& job) {
    if (!any_) return;
    const std::lock_guard lock{mutex_};
    counts_.erase(job);
    any_ = !counts_.empty();
  }

 private:
  static constexpr int kMost = 10;
  static constexpr std::size_t kRemembered = 10'000;

  std::mutex mutex_;  // protects counts_
  std::map<JobId, int> counts_;
  std::atomic<bool> any_{false};
};

}  // namespace aftercommit::worker
