/// A clock for tests.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "aftercommit/clock.hpp"
#include "aftercommit/export.hpp"

namespace aftercommit::testing {

/// Stands still until it is told to move.  Thread-safe.
class AFTERCOMMIT_EXPORT ManualClock final : public Clock {
 public:
  explicit ManualClock(std::chrono::system_clock::time_point start =
                           std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}})
      : start_{start} {}

  std::chrono::system_clock::time_point now() const override {
    using Time = std::chrono::system_clock::time_point;
    return start_ > Time{} && elapsed() > Time::max() - start_   ? Time::max()
           : start_ < Time{} && elapsed() < Time::min() - start_ ? Time::min()
                                                                 : start_ + elapsed();
  }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point{elapsed()};
  }
  /// Up to a century before or after its start.
  void advance(std::chrono::milliseconds by) {
    constexpr std::chrono::milliseconds kMost = std::chrono::years{100};
    auto before = elapsed_ms_.load();
    while (!elapsed_ms_.compare_exchange_weak(
        before,
        std::clamp(before + std::clamp(by, -2 * kMost, 2 * kMost).count(), -kMost.count(), kMost.count()))) {
    }
  }

 private:
  std::chrono::milliseconds elapsed() const { return std::chrono::milliseconds{elapsed_ms_.load()}; }

  const std::chrono::system_clock::time_point start_;
  std::atomic<std::chrono::milliseconds::rep> elapsed_ms_{0};
};

}  // namespace aftercommit::testing
