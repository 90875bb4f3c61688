/// What a Schedule is made of, and how it gets there from its text.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "aftercommit/periodic.hpp"
#include "client/periodic/cron.hpp"

namespace aftercommit::detail {

struct Interval {
  std::chrono::seconds period;
  std::chrono::seconds offset;
};

struct ScheduleRule {
  std::string text;
  std::string zone;
  std::variant<CronFields, Interval> rule;
};

/// From what Schedule::text() and Schedule::zone() have given, in another process.  UsageError where this
/// program does not know the form.
Schedule read_schedule(std::string_view text, std::string_view zone);

/// As the clocks of the schedule's zone show it: "2026-03-29 03:00:00 +02:00".
std::string local_text(Schedule::Time instant, const std::string& zone);

}  // namespace aftercommit::detail
