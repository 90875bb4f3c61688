/// Unique jobs: of requests that mean the same there is one job.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "aftercommit/job_id.hpp"

namespace aftercommit {

/// What a unique job is: `{.unique = aftercommit::Unique{}}` of a task, or of a call in place of the task's.
/// Two requests mean the same where they are for the same task with equal arguments, or with the same key;
/// the same for SQL and C++.  PostgreSQL decides in the transaction that asks, so such a job has to be
/// durable: UsageError otherwise.  A job that waits and is skipped over, or asked for once more, does not
/// begin before that transaction has committed, so it sees what that has written.
struct Unique {
  /// How long a job has its key.
  enum class Until : std::uint8_t {
    kDone,   ///< until it has taken effect, is dead, cancelled or dropped
    kStart,  ///< until it begins to run: a request that comes meanwhile makes another job
  };
  /// What becomes of a request while another job has the key.
  enum class OnDuplicate : std::uint8_t {
    kSkip,      ///< nothing
    kReplace,   ///< it takes the place of the one that waits: its arguments, its time, and its id
    kDebounce,  ///< the same, so that the job runs when no other request has come for its countdown
    kOnceMore,  ///< nothing while the other waits; while it runs, one more job waits until it is gone
  };
  using enum Until;
  using enum OnDuplicate;

  std::optional<std::string> key = std::nullopt;  ///< 1 to 1024 bytes; without one the arguments count
  Until until = kDone;
  /// The job has its key for so long after it was asked for, whatever becomes of it, and `until` means
  /// nothing.  1 ms to 100 years.
  std::optional<std::chrono::milliseconds> for_ = std::nullopt;
  /// kReplace and kDebounce change a job that waits.  While it runs, and has its key until it is done, they
  /// do as kOnceMore; in a period the request is skipped.
  OnDuplicate on_duplicate = kSkip;
  /// With kDebounce: due at most so long after the first request; without it, whenever they have ended.
  std::optional<std::chrono::milliseconds> longest_delay = std::nullopt;
};

/// What became of a request.
struct UniqueJob {
  JobId id;          ///< of the job that there is now
  bool own = false;  ///< it was made by this request
};

}  // namespace aftercommit
