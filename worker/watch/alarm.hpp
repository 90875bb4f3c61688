/// When the thread that watches over deadlines looks next, and how it hears of an earlier one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace aftercommit::worker {

/// Costs whoever sets it one look at an atomic, but for the first of many.
class Alarm {
 public:
  using Clock = std::chrono::steady_clock;

  /// From any thread: something falls due then, of which a look from now on can know.
  void set(Clock::time_point due) noexcept {
    if (due >= next_.load()) return;
    {
      const std::lock_guard lock{mutex_};
      asked_ = std::min(asked_, due);
      woken_ = true;
    }
    wake_.notify_one();
  }
  void wake() noexcept {
    {
      const std::lock_guard lock{mutex_};
      woken_ = true;
    }
    wake_.notify_one();
  }

  // --- For the one thread that watches: a look, then a wait, and so on.

  /// Whatever is set from now on, the wait hears of.
  void begin_look() noexcept {
    const std::lock_guard lock{mutex_};
    woken_ = false;
    next_ = Clock::time_point::max();
    if (asked_ <= Clock::now()) asked_ = Clock::time_point::max();
  }
  /// Until `due`, which is the earliest that the look has found, or set() has an earlier one, or a stop.
  void wait_until(Clock::time_point due, const std::stop_token& stop) {
    constexpr std::chrono::hours kLongest{1};
    std::unique_lock lock{mutex_};
    due = std::min(due, asked_);
    next_ = due;
    wake_.wait_until(lock, stop, std::min(due, Clock::now() + kLongest), [&] { return woken_; });
  }

 private:
  std::mutex mutex_;  // protects the next three
  std::condition_variable_any wake_;
  bool woken_ = false;
  /// The earliest that was set and is still to come, though what it was set for has ended before the look:
  /// else each of many short bodies would be the first again.
  Clock::time_point asked_ = Clock::time_point::max();
  std::atomic<Clock::time_point> next_{Clock::time_point::max()};
};

}  // namespace aftercommit::worker
