/// The worker's log: one line an event to standard error, text or JSON, by spdlog.
#pragma once

#include <chrono>
#include <string_view>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {

/// Sends the library's log events there from now on, those of `level` and above.  Nobody ever waits for it:
/// see LogStream.
void set_up_logging(LogLevel level, bool json);

/// "worker: " and a sentence for whoever has started it, beside the log.
void say(std::string_view sentence) noexcept;

/// Tries again what could not be written; true if some of it is left, so that another try is worth while.
bool log_is_behind() noexcept;

/// The same before an end, for so long at most.
void flush_log(std::chrono::milliseconds longest = std::chrono::seconds{1}) noexcept;

/// Ends the process at once, its log written as far as anybody reads it.
[[noreturn]] void end_at_once(int code) noexcept;

}  // namespace aftercommit::worker
