/// How C++ values become the parameters $1, $2 ... of a statement.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <ratio>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit {

/// The parameters of one statement in PostgreSQL's text format; empty stands for NULL.
using SqlParams = std::vector<std::optional<std::string>>;

/// The text of one value, by overload; an application adds its own types beside them, found by their
/// namespace.
template <std::integral T>
std::optional<std::string> to_sql(T value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "t" : "f";
  } else if constexpr (std::same_as<T, char>) {
    return std::string(1, value);
  } else {
    return std::to_string(value);
  }
}

template <std::floating_point T>
std::optional<std::string> to_sql(T value) {
  char text[64];  // the shortest form that reads back to the same value, whatever the locale
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

inline std::optional<std::string> to_sql(std::string_view text) { return std::string{text}; }
inline std::optional<std::string> to_sql(const std::string& text) { return text; }
inline std::optional<std::string> to_sql(std::nullptr_t) { return std::nullopt; }
inline std::optional<std::string> to_sql(std::nullopt_t) { return std::nullopt; }
inline std::optional<std::string> to_sql(const JobId& id) { return id.str(); }
std::optional<std::string> to_sql(std::span<const std::byte> bytes);  ///< for bytea

std::string json_text(const nlohmann::json& value);

/// For json and jsonb.  A template, since almost anything else would convert to JSON by itself.
template <std::same_as<nlohmann::json> T>
std::optional<std::string> to_sql(const T& value) {
  return json_text(value);
}

/// For interval, to the microsecond; up to 290 000 years, whatever was given.
template <class Rep, class Period>
std::optional<std::string> to_sql(std::chrono::duration<Rep, Period> duration) {
  using std::chrono::microseconds;
  // Too long to be counted in microseconds; where it is not, the cast below is exact.
  using Rough = std::chrono::duration<long double, std::micro>;
  constexpr long double kLongest = 9.2e18L;
  const auto rough = std::chrono::duration_cast<Rough>(duration).count();
  if (rough != rough) throw UsageError{"a duration that is no number (NaN) cannot be given to a statement"};
  const auto length = rough > kLongest    ? microseconds::max()
                      : rough < -kLongest ? -microseconds::max()
                                          : std::chrono::duration_cast<microseconds>(duration);
  return std::to_string(length.count()) + " microseconds";
}

/// For timestamptz, to the microsecond.
std::optional<std::string> to_sql(std::chrono::system_clock::time_point instant);

inline std::optional<std::string> to_sql(const char* text) {
  if (text == nullptr) return std::nullopt;
  return std::string{text};
}

template <class T>
std::optional<std::string> to_sql(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return to_sql(*value);
}

}  // namespace aftercommit
