/// Numbers that many threads, or processes, add to without a wait, for whoever reads them now and then.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace aftercommit {

/// Only ever grows.  Address-free, and zero where its memory is: it may stand in memory that is shared.
class Count {
 public:
  void add(std::uint64_t more = 1) noexcept { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  std::atomic<std::uint64_t> value_{0};
};

/// How many values lie between which of its `bounds`, each of which counts as below itself.  The values are
/// whole numbers; in which unit, says who adds them.  What is read while others add may lag by some of them.
template <const auto& bounds>
class Spread {
 public:
  static constexpr std::size_t kBounds = bounds.size();

  void add(std::uint64_t value, std::uint64_t times = 1) noexcept {
    std::size_t at = 0;
    while (at < kBounds && value > bounds[at]) ++at;
    within_[at].add(times);
    sum_.add(value * times);
  }
  /// How many are above the bound before `at` and not above that one; at kBounds: above the last.
  std::uint64_t within(std::size_t at) const noexcept { return within_[at].get(); }
  std::uint64_t sum() const noexcept { return sum_.get(); }

 private:
  std::array<Count, kBounds + 1> within_{};
  Count sum_;
};

/// For times in microseconds: 1 ms to an hour.
inline constexpr std::array<std::uint64_t, 15> kTimeBounds{
    1'000,     2'500,     5'000,      10'000,     25'000,      50'000,      100'000,      250'000,
    1'000'000, 2'500'000, 10'000'000, 30'000'000, 120'000'000, 600'000'000, 3'600'000'000};
/// For how many at once.
inline constexpr std::array<std::uint64_t, 9> kSizeBounds{1, 2, 5, 10, 25, 50, 100, 250, 1000};

inline std::uint64_t microseconds_since(std::chrono::steady_clock::time_point begun) noexcept {
  const auto passed = std::chrono::steady_clock::now() - begun;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
}

using TimeSpread = Spread<kTimeBounds>;
using SizeSpread = Spread<kSizeBounds>;

}  // namespace aftercommit
