/// The worker's log: one line an event to standard error, text or JSON, by spdlog.
#pragma once

#include "aftercommit/log.hpp"

namespace aftercommit::worker {

/// Sends the library's log events there from now on, those of `level` and above.
void set_up_logging(LogLevel level, bool json);

}  // namespace aftercommit::worker
