/// How often a failed task runs again, and how long it waits before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace aftercommit {

/// The countdown before the next attempt.  A value; see the factories below.
struct Backoff {
  enum class Kind : std::uint8_t { kFixed, kExponential };

  Kind kind = Kind::kExponential;
  std::chrono::milliseconds base{1000};      ///< before the first retry
  double factor = 2.0;                       ///< each further retry waits this many times longer
  std::chrono::milliseconds cap{3'600'000};  ///< never longer than this
  double jitter = 0.2;                       ///< 0..1: the share of the wait that is drawn at random

  /// The wait before retry number `retry` (counted from 1).  `random` in [0, 1) picks the point between
  /// wait * (1 - jitter) and wait.  Never negative, and never over 100 years, whatever the settings.
  std::chrono::milliseconds wait(int retry, double random) const noexcept;

  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// The same wait before every retry.
inline Backoff fixed(std::chrono::milliseconds wait, double jitter = 0.0) {
  return {Backoff::Kind::kFixed, wait, 1.0, wait, jitter};
}

/// base, base * factor, base * factor^2 ... up to cap, each shortened at random by up to `jitter` of itself.
inline Backoff exponential(std::chrono::milliseconds base, std::chrono::milliseconds cap, double factor = 2.0,
                           double jitter = 0.2) {
  return {Backoff::Kind::kExponential, base, factor, cap, jitter};
}

/// Thrown by a task that wants to run again: its transaction is rolled back, one retry is used up.
/// Without a countdown the task's backoff decides.  As Celery's self.retry(countdown=...).
struct Retry : std::runtime_error {
  explicit Retry(const std::string& reason, std::optional<std::chrono::milliseconds> after = std::nullopt)
      : std::runtime_error{reason}, countdown{after} {}
  std::optional<std::chrono::milliseconds> countdown;
};

/// Thrown by a task that can never succeed: its transaction is rolled back and the job becomes a dead letter
/// at once, whatever retries are left.
struct Reject : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace aftercommit
