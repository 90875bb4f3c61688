/// Which of a worker's queues are paused.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <utility>

#include "broker/contract/names.hpp"

namespace aftercommit::worker {

/// None is, until somebody says so.  Thread-safe.
class PausedQueues {
 public:
  /// Cheap while none is.
  bool contains(const Queue& queue) const {
    if (!any_) return false;
    const std::lock_guard lock{mutex_};
    return queues_.contains(queue);
  }
  bool any() const noexcept { return any_; }

  /// Somebody is about to find out.
  void expect() {
    const std::lock_guard lock{mutex_};
    known_ = false;
  }
  void set(std::set<Queue> queues) {
    const std::lock_guard lock{mutex_};
    queues_ = std::move(queues);
    any_ = !queues_.empty();
    known_ = true;
    ++changes_;
    changed_.notify_all();
  }

  /// Waits until it is known which are, once no longer than this, or stop.
  void wait_until_known(std::chrono::milliseconds longest, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, longest, [&] { return known_; });
    known_ = true;
  }
  /// Waits until they are set anew, or `longest` has passed, or stop.
  void wait_for_change(std::chrono::milliseconds longest, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    const auto before = changes_;
    changed_.wait_for(lock, stop, longest, [&] { return changes_ != before; });
  }

 private:
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any changed_;
  bool known_ = true;
  unsigned changes_ = 0;
  std::set<Queue> queues_;
};

}  // namespace aftercommit::worker
