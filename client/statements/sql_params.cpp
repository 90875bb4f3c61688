#include "aftercommit/sql_params.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace aftercommit {

std::string json_text(const nlohmann::json& value) { return value.dump(); }

std::optional<std::string> to_sql(std::span<const std::byte> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const auto byte : bytes) {
    text += kHex[std::to_integer<unsigned>(byte) >> 4];
    text += kHex[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

std::optional<std::string> to_sql(std::chrono::system_clock::time_point instant) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(instant);
  const auto days = std::chrono::floor<std::chrono::days>(us);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss time{us - days};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%06ldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                time.minutes().count(), time.seconds().count(), time.subseconds().count());
  return text;
}

}  // namespace aftercommit
