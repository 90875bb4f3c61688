/// A wait that nothing ends before its time but a stop.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace aftercommit {

/// For one thread.
class Pause {
 public:
  /// Waits so long, or until told to stop; false then.
  bool wait(std::chrono::steady_clock::duration time, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }

 private:
  std::mutex mutex_;  // only to wait on wake_
  std::condition_variable_any wake_;
};

}  // namespace aftercommit
