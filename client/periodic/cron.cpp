#include "client/periodic/cron.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNicknames{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRule {
  std::string_view what;
  int least;
  int most;
  std::span<const std::string_view> names{};  // of the values from `least` on
};

constexpr int kSunday = 7;  // as well as 0
constexpr std::array<FieldRule, 5> kFields{{
    {"minute", 0, 59},
    {"hour", 0, 23},
    {"day of month", 1, 31},
    {"month", 1, 12, kMonths},
    {"day of week", 0, kSunday, kWeekdays},
}};

/// Reads one expression; what is wrong is said with all of it.
class Reader {
 public:
  explicit Reader(std::string_view expression) : expression_{expression} {}

  CronFields read() const {
    auto text = expression_;
    if (text.starts_with('@')) {
      const auto* const known =
          std::ranges::find(kNicknames, text, &std::pair<std::string_view, std::string_view>::first);
      if (known == kNicknames.end()) {
        refuse("it is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually");
      }
      text = known->second;
    }
    const auto parts = split(text);
    if (parts.size() != kFields.size()) {
      refuse("it has " + std::to_string(parts.size()) +
             " fields, not the five of cron(8): minute, hour, day of month, month, day of week");
    }
    std::array<std::uint64_t, 5> sets{};
    for (std::size_t i = 0; i < kFields.size(); ++i) sets[i] = set(kFields[i], parts[i]);
    constexpr std::uint64_t kSundayBit = std::uint64_t{1} << kSunday;
    if ((sets[4] & kSundayBit) != 0) sets[4] = (sets[4] & ~kSundayBit) | 1U;
    CronFields fields;
    fields.minute = sets[0];
    fields.hour = sets[1];
    fields.day_of_month = sets[2];
    fields.month = sets[3];
    fields.day_of_week = sets[4];
    fields.every_hour = parts[1].starts_with('*');
    fields.either_day = !parts[2].starts_with('*') && !parts[4].starts_with('*');
    if (!fields.next(local_seconds{})) refuse("no month that it names has such a day");
    return fields;
  }

 private:
  [[noreturn]] void refuse(const std::string& flaw) const {
    throw UsageError{"'" + in_one_line(expression_, 100) + "' is no cron expression: " + flaw};
  }
  [[noreturn]] void refuse(const FieldRule& rule, std::string_view part, const std::string& flaw) const {
    refuse("in the " + std::string{rule.what} + ": '" + in_one_line(part, 40) + "' " + flaw);
  }

  static std::vector<std::string_view> split(std::string_view text) {
    constexpr std::string_view kBlank = " \t";
    std::vector<std::string_view> parts;
    for (auto begin = text.find_first_not_of(kBlank); begin != std::string_view::npos;
         begin = text.find_first_not_of(kBlank)) {
      const auto end = std::min(text.find_first_of(kBlank, begin), text.size());
      parts.push_back(text.substr(begin, end - begin));
      text.remove_prefix(end);
    }
    return parts;
  }

  std::uint64_t set(const FieldRule& rule, std::string_view field) const {
    std::uint64_t bits = 0;
    for (bool more = true; more;) {
      const auto comma = field.find(',');
      more = comma != std::string_view::npos;
      bits |= set_of_item(rule, field.substr(0, comma));
      if (more) field.remove_prefix(comma + 1);
    }
    return bits;
  }

  /// One of a list: *, 5, 1-5, with a step behind a slash.
  std::uint64_t set_of_item(const FieldRule& rule, std::string_view item) const {
    const auto slash = item.find('/');
    const auto range = item.substr(0, slash);
    int first = rule.least;
    int last = rule.most;
    if (range != "*") {
      const auto dash = range.find('-');
      first = value(rule, range.substr(0, dash));
      last = first;
      if (dash != std::string_view::npos) {
        last = value(rule, range.substr(dash + 1));
        if (rule.most == kSunday && last == 0 && first > 0) last = kSunday;  // fri-sun
      } else if (slash != std::string_view::npos) {
        refuse(rule, item, "has a step, and neither a range nor a * for it");
      }
      if (last < first) refuse(rule, item, "runs backwards: write two ranges, with a comma between them");
    }
    int step = 1;
    if (slash != std::string_view::npos) {
      step = number(rule, item, item.substr(slash + 1));
      if (step < 1 || step > rule.most) {
        refuse(rule, item, "has no step from 1 to " + std::to_string(rule.most));
      }
    }
    std::uint64_t bits = 0;
    for (int i = first; i <= last; i += step) bits |= std::uint64_t{1} << i;
    return bits;
  }

  int value(const FieldRule& rule, std::string_view text) const {
    for (std::size_t i = 0; i < rule.names.size(); ++i) {
      if (std::ranges::equal(text, rule.names[i], [](char given, char known) {
            return (given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given) == known;
          })) {
        return rule.least + static_cast<int>(i);
      }
    }
    const int value = number(rule, text, text);
    if (value < rule.least || value > rule.most) {
      refuse(rule, text, "is not from " + std::to_string(rule.least) + " to " + std::to_string(rule.most));
    }
    return value;
  }

  int number(const FieldRule& rule, std::string_view shown, std::string_view text) const {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) {
      refuse(rule, shown, "is not a number, a range, a list, a * or a step of these");
    }
    return value;
  }

  const std::string_view expression_;
};

bool has(std::uint64_t set, unsigned value) { return ((set >> value) & 1U) != 0; }

/// The first value of the set from `from` on, 64 where there is none.
int first_of(std::uint64_t set, std::int64_t from) {
  return from > 63 ? 64 : std::countr_zero((set >> from) << from);
}

}  // namespace

CronFields CronFields::parse(std::string_view expression) { return Reader{expression}.read(); }

std::optional<local_seconds> CronFields::next(local_seconds from) const {
  const auto start = std::chrono::ceil<minutes>(from);
  const auto limit = std::chrono::floor<days>(start) + std::chrono::ceil<days>(std::chrono::years{50});
  auto day = std::chrono::floor<days>(start);
  minutes time = start - day;
  while (day < limit) {
    const std::chrono::year_month_day date{day};
    if (!has(month, static_cast<unsigned>(date.month()))) {
      const auto next_month = std::chrono::year_month{date.year(), date.month()} + std::chrono::months{1};
      day = static_cast<local_days>(next_month / std::chrono::day{1});
      time = minutes{0};
      continue;
    }
    if (has_day(day)) {
      if (const auto found = next_time_of_day(time)) return day + *found;
    }
    day += days{1};
    time = minutes{0};
  }
  return std::nullopt;
}

bool CronFields::has_day(local_days day) const {
  const bool by_month = has(day_of_month, static_cast<unsigned>(std::chrono::year_month_day{day}.day()));
  const bool by_week = has(day_of_week, std::chrono::weekday{day}.c_encoding());
  return either_day ? by_month || by_week : by_month && by_week;
}

std::optional<minutes> CronFields::next_time_of_day(minutes from) const {
  const auto this_hour = from.count() / 60;
  if (has(hour, static_cast<unsigned>(this_hour))) {
    const int found = first_of(minute, from.count() % 60);
    if (found < 64) return std::chrono::hours{this_hour} + minutes{found};
  }
  const int later = first_of(hour, this_hour + 1);
  if (later == 64) return std::nullopt;
  return std::chrono::hours{later} + minutes{std::countr_zero(minute)};
}

}  // namespace aftercommit::detail
