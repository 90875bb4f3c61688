/// Where the library's few log lines go: standard error, until set_log_handler says otherwise.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aftercommit {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// The value of a field, as text: {"order", 17} is a number in a log of JSON, {"order", "17"} a text.
struct LogValue : std::string {
  LogValue() = default;
  LogValue(const char* text) : std::string{text} {}
  LogValue(std::string_view text) : std::string{text} {}
  LogValue(std::string text) noexcept : std::string{std::move(text)} {}
  template <class Number>
  LogValue(Number value) requires std::is_arithmetic_v<Number> &&(!std::same_as<Number, char>)
      : std::string{digits_of(value)},
        is_number{!std::same_as<Number, bool> && find_first_not_of("0123456789+-.e") == npos} {}

  bool is_number = false;  ///< as JSON writes it: neither an infinity nor a NaN

 private:
  template <class Number>
  static std::string digits_of(Number value) {
    if constexpr (std::same_as<Number, bool>) {
      return value ? "true" : "false";
    } else {
      std::array<char, 64> digits{};
      return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
    }
  }
};

/// One event: a fixed sentence and what it is about.  Values are foreign text; a handler must escape them.
struct LogEvent {
  using Field = std::pair<std::string_view, LogValue>;
  LogLevel level;
  std::string_view message;
  std::initializer_list<Field> fields;
  /// Of this thread, unless fields name it: job_id, task and attempt while a task runs, and trace_id in a
  /// TraceScope, that of a job's run as well (trace.hpp).
  std::span<const Field> job{};
};

using LogHandler = std::function<void(const LogEvent&)>;

/// Replaces the handler, for the whole process; an empty one restores the default, which writes a line to
/// standard error and never waits: what nobody reads is kept, 1 MiB of it, then dropped and counted.  The
/// handler is called from any thread, also at the same time, and should not wait either: a thread of the
/// library that is in it holds up the end of its App.
void set_log_handler(LogHandler handler);

/// Events below this level are not made: kInfo, until it is set.  For the whole process, thread-safe.
void set_log_level(LogLevel lowest) noexcept;
/// Whether an event of this level would reach the handler: asked where making its fields costs something.
bool logs(LogLevel level) noexcept;

/// Hands one event to the handler, or the default one where that throws.  Thread-safe; never throws.
void log(LogLevel level, std::string_view message,
         std::initializer_list<LogEvent::Field> fields = {}) noexcept;

}  // namespace aftercommit
