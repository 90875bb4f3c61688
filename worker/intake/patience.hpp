/// How long jobs that were fetched ahead wait for an executor before another worker may have them.
#pragma once

#include <algorithm>
#include <chrono>

namespace aftercommit::worker {

/// Follows how long jobs usually run: the median, as a slow one among many quick ones must not count.  An
/// executor that is late by several times that is at a slow job; but while all jobs are long, one that comes
/// late is no sign of anything, and what goes back would only be fetched again.  Not thread-safe.
class Patience {
 public:
  static constexpr std::chrono::milliseconds kLeast{2};  // a thread may wait so long for a processor
  static constexpr std::chrono::milliseconds kMost{40};
  static constexpr std::chrono::milliseconds kWithABacklog{80};  // more than a COMMIT takes now and then

  void job_ran(std::chrono::duration<double, std::milli> length) {
    constexpr double kStep = 1.1;
    const double step = length > usual_ ? kStep : 1 / kStep;
    usual_ = std::clamp(usual_ * step, Length{kLeast} / kUsualLengths, Length{kMost});
  }

  std::chrono::microseconds wait() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::min(kUsualLengths * usual_, Length{kMost}));
  }

 private:
  using Length = std::chrono::duration<double, std::milli>;
  static constexpr int kUsualLengths = 4;

  Length usual_ = Length{kMost} / kUsualLengths;  // until it is known better
};

}  // namespace aftercommit::worker
