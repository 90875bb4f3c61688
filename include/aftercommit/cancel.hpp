/// Jobs that are not to run after all: see App::cancel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"

namespace aftercommit {

/// Where a job stood that was to be cancelled, and so what becomes of it.
enum class Cancelled : std::uint8_t {
  kWaiting,  ///< it waited to run, in Redis or not there yet: it never will
  kDelayed,  ///< the same, due later: by a countdown, an eta, or as it is to be retried
  /// It runs, and is asked to stop: what it has done is rolled back and it does not run again, unless it
  /// commits first.  Call again to learn which: kCancelledBefore, or kDone.
  kRunning,
  kCancelledBefore,
  kDone,  ///< it has taken effect; known of a durable job only if it was asked to stop
  kDead,  ///< it will not run by itself anyway, and stays among the dead
  /// Nothing is known of it: a durable job that is done or was never committed.  Or a job of another
  /// delivery, which will not take effect on this database any more.
  kUnknown,
};

/// "waiting", "delayed", "running", "cancelled", "done", "dead" or "unknown": what the SQL function answers.
std::string_view to_string(Cancelled answer) noexcept;

struct CancelOptions {
  std::string database = {};  ///< alias of the one that the job is of; empty: the one that knows it
  std::string note = {};  ///< why, for who looks at what was cancelled; the first 1,000 characters are kept
};

/// What a task meets whose job is cancelled while it runs, at its next use of a database.  To be let through;
/// thrown by nobody else.
struct AFTERCOMMIT_EXPORT CancelRequested : Error {
  using Error::Error;
};

}  // namespace aftercommit
