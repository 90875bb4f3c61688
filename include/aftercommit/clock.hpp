/// Where the library reads the time; a test puts a ManualClock (testing.hpp) in its place.
#pragma once

#include <chrono>

#include "aftercommit/export.hpp"

namespace aftercommit {

/// Thread-safe.  What is due in Redis is judged by Redis' own clock, not by this one.
class AFTERCOMMIT_EXPORT Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() const = 0;         ///< wall time, for eta and expiry
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;  ///< for waiting and measuring
};

/// The clock of the machine; lives for ever.
const Clock& system_clock() noexcept;

}  // namespace aftercommit
