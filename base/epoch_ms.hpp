/// Times as brokers keep them: whole milliseconds, since 1970 or from now, exact in a double.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace aftercommit {

/// 142 000 years: "for ever", and still no overflow when added to the time of day.
inline constexpr std::int64_t kLongestMs = std::int64_t{1} << 52;

/// A countdown; one below zero is none.
inline std::int64_t countdown_ms(std::chrono::milliseconds countdown) {
  return std::clamp<std::int64_t>(countdown.count(), 0, kLongestMs);
}

/// A timeout as any clock can add it: 0 to a year.
inline std::chrono::milliseconds bounded_timeout(std::chrono::milliseconds timeout) {
  return std::clamp<std::chrono::milliseconds>(timeout, std::chrono::milliseconds{0}, std::chrono::years{1});
}

/// An instant, rounded up so that nothing is due early.
inline std::int64_t epoch_ms(std::chrono::system_clock::time_point instant) {
  const auto since_1970 = std::chrono::ceil<std::chrono::milliseconds>(instant.time_since_epoch());
  return std::clamp<std::int64_t>(since_1970.count(), 0, kLongestMs);
}

/// A foreign score may lie beyond what the clock can hold.
inline std::chrono::system_clock::time_point from_epoch_ms(std::int64_t ms) {
  using Time = std::chrono::system_clock::time_point;
  constexpr auto kLast = std::chrono::floor<std::chrono::milliseconds>(Time::duration::max()).count();
  return Time{std::chrono::milliseconds{std::clamp<std::int64_t>(ms, 0, kLast)}};
}

}  // namespace aftercommit
