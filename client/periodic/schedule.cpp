#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/periodic.hpp"
#include "base/text/text.hpp"
#include "client/periodic/schedule_rule.hpp"
#include "client/periodic/time_zone.hpp"

namespace aftercommit {
namespace {

using detail::CronFields;
using detail::Interval;
using detail::TimeZone;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = Schedule::Time;

/// Each minute of real time counts.
std::optional<Time> next_by_real_time(const CronFields& fields, const TimeZone& zone, Time after) {
  Time at = std::chrono::floor<minutes>(after) + minutes{1};
  while (true) {
    const auto stretch = zone.at(at);
    const auto found = fields.next(std::chrono::local_seconds{at.time_since_epoch() + stretch.offset});
    if (!found) return std::nullopt;
    const Time instant{found->time_since_epoch() - stretch.offset};
    if (instant < stretch.end) return instant;
    at = stretch.end;
  }
}

/// Each clock time counts, once.
std::optional<Time> next_by_clock(const CronFields& fields, const TimeZone& zone, Time after) {
  std::chrono::local_seconds from = std::chrono::floor<minutes>(zone.clock_at(after));
  while (true) {
    const auto found = fields.next(from);
    if (!found) return std::nullopt;
    const auto instant = zone.first_instant(*found);
    if (instant > after) return instant;  // else in a gap, or in an hour that comes for the second time
    from = *found + minutes{1};
  }
}

Time next_of(const Interval& interval, Time after) {
  const auto begun = after.time_since_epoch() - interval.offset;
  auto count = begun / interval.period;
  if (begun % interval.period < seconds{0}) --count;
  return Time{interval.offset + (count + 1) * interval.period};
}

struct Unit {
  std::string_view name;
  seconds length;
};
constexpr std::array<Unit, 4> kUnits{
    {{"d", std::chrono::days{1}}, {"h", std::chrono::hours{1}}, {"min", minutes{1}}, {"s", seconds{1}}}};

/// "90 min": in the longest unit of which it is whole.
std::string length_text(seconds length) {
  const auto* const unit = std::ranges::find_if(
      kUnits, [&](const Unit& candidate) { return length % candidate.length == seconds{0}; });
  return std::to_string(length / unit->length) + " " + std::string{unit->name};
}

std::optional<seconds> read_length(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || count > 1'000'000'000) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(' ')) return std::nullopt;
  const auto* const unit = std::ranges::find(kUnits, text.substr(1), &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  return count * unit->length;
}

constexpr std::string_view kEvery = "every ";
constexpr std::string_view kPlus = " + ";

}  // namespace

std::optional<Time> Schedule::next(Time after) const {
  if (const auto* const interval = std::get_if<Interval>(&rule_->rule)) return next_of(*interval, after);
  const auto& fields = std::get<CronFields>(rule_->rule);
  const TimeZone zone{rule_->zone};
  return fields.every_hour ? next_by_real_time(fields, zone, after) : next_by_clock(fields, zone, after);
}

const std::string& Schedule::text() const noexcept { return rule_->text; }
const std::string& Schedule::zone() const noexcept { return rule_->zone; }
void Schedule::check() const { [[maybe_unused]] const TimeZone zone{rule_->zone}; }

Schedule cron(std::string_view expression, std::string_view zone) {
  auto fields = CronFields::parse(expression);
  return Schedule{std::make_shared<detail::ScheduleRule>(
      detail::ScheduleRule{std::string{expression}, std::string{zone}, fields})};
}

Schedule every(seconds period, seconds offset) {
  constexpr seconds kLongest = std::chrono::days{366};
  if (period < seconds{1} || period > kLongest) {
    throw UsageError{"every(" + std::to_string(period.count()) +
                     " s) is no schedule: the period is from 1 s to 366 days"};
  }
  if (offset < seconds{0} || offset >= period) {
    throw UsageError{"every(" + std::to_string(period.count()) + " s) with an offset of " +
                     std::to_string(offset.count()) +
                     " s is no schedule: an offset is shorter than the period, and not negative"};
  }
  std::string text{kEvery};
  text += length_text(period);
  if (offset > seconds{0}) text.append(kPlus).append(length_text(offset));
  return Schedule{
      std::make_shared<detail::ScheduleRule>(detail::ScheduleRule{text, "UTC", Interval{period, offset}})};
}

namespace detail {

Schedule read_schedule(std::string_view text, std::string_view zone) {
  if (!text.starts_with(kEvery)) return cron(text, zone);
  const auto lengths = text.substr(kEvery.size());
  const auto plus = lengths.find(kPlus);
  const auto period = read_length(lengths.substr(0, plus));
  const auto offset = plus == std::string_view::npos ? std::optional{seconds{0}}
                                                     : read_length(lengths.substr(plus + kPlus.size()));
  if (!period || !offset) {
    throw UsageError{"'" + in_one_line(text, 100) + "' is no schedule that this program knows"};
  }
  return every(*period, *offset);
}

std::string local_text(Schedule::Time instant, const std::string& zone) {
  const auto offset = TimeZone{zone}.at(instant).offset;
  const std::chrono::local_seconds clock{instant.time_since_epoch() + offset};
  const auto day = std::chrono::floor<std::chrono::days>(clock);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{clock - day};
  const std::chrono::hh_mm_ss from_utc{offset};
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d %c%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), from_utc.is_negative() ? '-' : '+',
                static_cast<int>(from_utc.hours().count()), static_cast<int>(from_utc.minutes().count()));
  return text;
}

}  // namespace detail
}  // namespace aftercommit
