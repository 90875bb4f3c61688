/// One log line of an event, for people or for machines.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "aftercommit/log.hpp"

namespace aftercommit {

/// 2026-03-01T12:00:00.042Z warning cannot reach the broker queue=mail error="timed out, \"redis\""
/// Values are quoted where needed; control characters are escaped, so that no value can fake a line.
std::string render_text(const LogEvent& event, std::chrono::system_clock::time_point at);

/// A JSON object: time, level, message, then the fields: strings, and numbers where they were given as such.
std::string render_json(const LogEvent& event, std::chrono::system_clock::time_point at);

/// The line, with its end, that stands where so many others were dropped.  `render` is one of those above.
std::string render_dropped(std::size_t lines, decltype(render_text)* render);

/// 2026-03-01T12:00:00.042Z: UTC, to the millisecond.
std::string utc(std::chrono::system_clock::time_point at);

/// "debug", "info", "warning", "error"
std::string_view to_string(LogLevel level) noexcept;

}  // namespace aftercommit
