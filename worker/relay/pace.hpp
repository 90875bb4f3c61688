/// How fast something may go that has time.
#pragma once

#include <algorithm>
#include <chrono>

namespace aftercommit::worker {

/// What is done costs time, which has to pass before the next may be; a part of a second of it may be saved
/// up.  For one thread.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// When the next may be done: at once if that is past.
  Clock::time_point ready_at() const noexcept { return ready_at_; }

  /// `count` were done, of which `per_second` may be.
  void spend(double count, double per_second, Clock::time_point now) noexcept {
    constexpr std::chrono::milliseconds kSaved{200};
    const std::chrono::duration<double> cost{count / per_second};
    ready_at_ = std::max(ready_at_, now - kSaved) + std::chrono::duration_cast<Clock::duration>(cost);
  }

 private:
  Clock::time_point ready_at_{};
};

}  // namespace aftercommit::worker
