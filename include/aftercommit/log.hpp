/// Where the library's few log lines go: standard error, until set_log_handler says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace aftercommit {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// One event: a fixed sentence and what it is about.  Values are foreign text; a handler must escape them.
struct LogEvent {
  using Field = std::pair<std::string_view, std::string>;
  LogLevel level;
  std::string_view message;
  std::initializer_list<Field> fields;
};

using LogHandler = std::function<void(const LogEvent&)>;

/// Replaces the handler, for the whole process; an empty one restores the default.  The handler is called
/// from any thread, also at the same time.
void set_log_handler(LogHandler handler);

/// Events below this level are not made; kDebug, all are, by default.  For the whole process, thread-safe.
void set_log_level(LogLevel lowest) noexcept;
/// Whether an event of this level would reach the handler: asked where making its fields costs something.
bool logs(LogLevel level) noexcept;

/// Hands one event to the handler.  Thread-safe; never throws.
void log(LogLevel level, std::string_view message,
         std::initializer_list<LogEvent::Field> fields = {}) noexcept;

}  // namespace aftercommit
