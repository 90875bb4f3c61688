/// What may hold a job back.
#pragma once

#include <cstdint>

namespace aftercommit::worker {

/// In the order in which they are looked for, by Holds (worker/gate): the first one says what becomes of the
/// job.
enum class Hold : std::uint8_t {
  kWrongHome,        ///< its queue belongs to another database
  kUnknownDatabase,  ///< it names a database that this worker does not have
  kDatabaseAway,     ///< which does not serve, or is being asked
  kNoLease,          ///< this worker was silent for too long: others may have the job by now
  kCancelled,        ///< while it ran; it may still do, elsewhere
  kPaused,           ///< its queue is
  kExpired,
  kUnknownTask,  ///< to this worker
  kNoBody,       ///< the task is declared here alone to be called
  kLimited,      ///< a limit has no place for it, as far as is known here
};

}  // namespace aftercommit::worker
