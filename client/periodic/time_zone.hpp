/// A time zone: clock times and instants, where the clocks change as well.
#pragma once

#include <chrono>
#include <string>

namespace date {
class time_zone;
}

namespace aftercommit::detail {

/// Of the IANA database that the machine has; a value, valid for ever.  Thread-safe.
class TimeZone {
 public:
  /// ConfigError where there is no such zone, or no database; there always is "UTC".
  explicit TimeZone(const std::string& name);

  /// A time without a change of the clocks.
  struct Stretch {
    std::chrono::seconds offset{0};  ///< of the clocks, from UTC
    std::chrono::sys_seconds end;    ///< when they change
  };
  Stretch at(std::chrono::sys_seconds instant) const;

  std::chrono::local_seconds clock_at(std::chrono::sys_seconds instant) const;
  /// When the clocks show this for the first time; where they leave it out, when they do so.
  std::chrono::sys_seconds first_instant(std::chrono::local_seconds clock) const;

 private:
  const date::time_zone* zone_ = nullptr;  // not owned; null: UTC
};

}  // namespace aftercommit::detail
