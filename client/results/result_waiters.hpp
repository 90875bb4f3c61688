/// Who waits in this process for jobs to end: one query asks for all of them.
#pragma once

#include <atomic>
#include <chrono>

#include "aftercommit/database.hpp"
#include "aftercommit/result.hpp"

namespace aftercommit::detail {

/// How long after a look the next one comes, of one who waits: growing by a half each time.
inline constexpr std::chrono::milliseconds kFirstPause{20};
inline constexpr std::chrono::milliseconds kLongestPause{1000};

/// One of those who wait looks for all, in autocommit on a connection of the pool that it gives back; when it
/// goes another takes over.  So there is no thread, no session that is held, and never more than a look in 20
/// ms, of which each asks for those that are due.  Notifications would do without, but each COMMIT that
/// notifies waits for all others that do.  Thread-safe, in the child of a fork as well.
class ResultWaiters {
 public:
  ResultWaiters() = default;
  ~ResultWaiters();
  ResultWaiters(const ResultWaiters&) = delete;
  ResultWaiters& operator=(const ResultWaiters&) = delete;

  /// Looks at once, then as long as the job has not ended and `timeout` has not passed, and when it has; what
  /// was found last.  The calling thread has no transaction open there.  A database that is away is waited
  /// for: throws what its last look met, where that was no answer.  `database` outlives this.
  FoundResult wait(Database& database, const JobId& job, std::chrono::milliseconds timeout);

 private:
  class Room;

  Room& room();

  std::atomic<Room*> room_{nullptr};  // of this process; owned
};

}  // namespace aftercommit::detail
