/// The five fields of a crontab line, and the clock times that they name.  Knows no time zones.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aftercommit::detail {

/// Each field as a set of bits: bit n stands for the value n.
struct CronFields {
  std::uint64_t minute = 0;
  std::uint64_t hour = 0;
  std::uint64_t day_of_month = 0;  ///< from 1
  std::uint64_t month = 0;
  std::uint64_t day_of_week = 0;  ///< 0 is Sunday
  bool every_hour = false;        ///< the hour field begins with a *
  bool either_day = false;        ///< neither day field does: a day that one of them names is one

  /// See cron() of periodic.hpp; throws its UsageError.
  static CronFields parse(std::string_view expression);

  /// The first of these times that is not before `from`; nothing within the next 50 years.
  std::optional<std::chrono::local_seconds> next(std::chrono::local_seconds from) const;

 private:
  bool has_day(std::chrono::local_days day) const;
  std::optional<std::chrono::minutes> next_time_of_day(std::chrono::minutes from) const;
};

}  // namespace aftercommit::detail
