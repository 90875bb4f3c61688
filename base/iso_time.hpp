/// Instants as other languages write them, by ISO 8601.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace aftercommit {
namespace iso_time_detail {

/// Takes exactly `digits` of them from the front.
inline std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

inline bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// The digits behind the point, as milliseconds, rounded up so that nothing is due early; -1: there are none.
inline int take_fraction(std::string_view& text) {
  int ms = 0;
  int place = 100;
  bool any = false;
  bool more = false;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    const int digit = text.front() - '0';
    any = true;
    ms += digit * place;
    more = more || (place == 0 && digit > 0);
    place /= 10;
  }
  return any ? ms + (more ? 1 : 0) : -1;
}

/// "Z", "+02:00", "-0330", "+02"; nothing at all is UTC.
inline std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, "Zz")) return std::chrono::minutes{0};
  const bool west = text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (!text.empty()) {
    take(text, ":");
    const auto given = take_number(text, 2);
    if (!given || *given > 59) return std::nullopt;
    minutes = *given;
  }
  return std::chrono::minutes{(west ? -1 : 1) * (*hours * 60 + minutes)};
}

}  // namespace iso_time_detail

/// "2024-02-29T12:30:00.25+02:00": a date, a time of day to the second or finer, and where it is; one that
/// does not say where is UTC.  In ms since 1970, which may be below zero.  Nothing for any other text.
inline std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_iso_time(std::string_view text) {
  using namespace iso_time_detail;
  using namespace std::chrono;
  const auto y = take_number(text, 4);
  if (!y || !take(text, "-")) return std::nullopt;
  const auto m = take_number(text, 2);
  if (!m || !take(text, "-")) return std::nullopt;
  const auto d = take_number(text, 2);
  if (!d || !take(text, "T ")) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  const auto hour = take_number(text, 2);
  if (!date.ok() || !hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  const int ms = take(text, ".,") ? take_fraction(text) : 0;
  if (ms < 0) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} + milliseconds{ms} - *offset;
}

}  // namespace aftercommit
