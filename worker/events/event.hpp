/// What happens to a job and to a worker, as it is told to whoever listens.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <variant>

#include "aftercommit/job_id.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "worker/events/hold.hpp"

namespace aftercommit::worker {

// Nothing is owned: an event is valid while it is told.

/// The job that an event is about.
struct JobName {
  JobName() = default;  ///< nothing is known of it
  JobName(const Envelope& job) noexcept : id{&job.id}, task{job.task} {}

  const JobId* id = nullptr;
  std::string_view task = "unknown";
};

/// Why, in somebody else's words, which may quote what is not to be shown: see for_log().
struct Reason {
  std::string_view text{};
  const nlohmann::json* args = nullptr;  ///< of the job, where they are known
};

// --- A job runs.

struct JobStarted {
  JobName job;
  int attempt;
  std::string_view queue{};
  std::string_view entry{};  ///< of the broker, which in Redis begins with when it became ready
};

struct JobDone {
  JobName job;
  std::string_view queue;
  int attempt;
  std::chrono::steady_clock::time_point started;
};

/// A conflict with another transaction: the body runs anew at once.
struct JobRerun {
  JobName job;
};

/// Jobs that ran together have not taken effect: they run one by one now.
struct BatchFailed {
  JobName job;  ///< the first of them
  std::string_view queue;
  std::size_t jobs;            ///< how many they are
  bool unavailable;            ///< their database did not serve: it is nobody's fault
  std::string_view exception;  ///< as in JobRetried
  Reason reason;
};

/// A hook has failed, or a job could not be sent; the job itself is done.
struct JobTroubleAfterCommit {
  JobName job;
  Reason reason;
};

// --- A job does not end with this attempt.

struct JobRetried {
  JobName job;
  std::string_view queue;
  int attempt;  ///< that has failed
  std::chrono::milliseconds countdown;
  std::string_view exception;  ///< its type; empty: there was none
  Reason reason;
};

/// Its task has put it off; no attempt is used up.
struct JobSnoozed {
  JobName job;
  std::string_view queue;
  int attempt;  ///< at which it still is
  std::chrono::milliseconds countdown;
  Reason reason;
};

/// Looked at again after a while; no attempt is used up.
struct JobPutOff {
  enum class Why : std::uint8_t {
    kLocked,         ///< another transaction has it
    kDatabaseAway,   ///< its database does not serve
    kCutShort,       ///< its database has ended its run, of which it may have `runs_left` more
    kRowNotWritten,  ///< what has become of it could not be written down
    kRowNotRead,     ///< it cannot be read, and whether it has a row is not known
    kForOthers,      ///< only another worker can read it
  };
  JobName job;
  std::string_view queue;
  Why why;
  Reason reason{};
  int runs_left = 0;
  bool first = true;  ///< with kForOthers: in this process
};

/// Its row is at a later attempt than what was delivered, and runs in its place.
struct JobOutdated {
  JobName job;
  int attempt;  ///< that of the row
};

/// Until it is brought back.
struct JobPutAside {
  JobName job;
  Hold why;
  std::string_view reason;  ///< as the broker is told, "database:reports"
  bool first;               ///< for this reason, in this process; never for a database that is away
};

/// To run somewhere else, as if never fetched.
struct JobGivenBack {
  JobName job;
  std::optional<Hold> why{};  ///< nothing: the worker is stopping, which has made it fail for `reason`
  Reason reason{};
};

/// Its worker has died.
struct JobCrashed {
  JobName job;
  std::string_view how;  ///< the process ended: "SIGSEGV"
  int crashes;           ///< of this job so far
};

/// And that could not be written to its row.
struct JobCrashNotKept {
  JobName job;
  Reason reason;
};

// --- A job does not run any more.

struct JobExpired {
  JobName job;
};

/// Somebody has cancelled it.
struct JobCancelled {
  JobName job;
  std::string_view queue;
  bool was_running = false;  ///< when that was asked for; else it was not even claimed
};

/// It has taken effect before.
struct JobSkipped {
  JobName job;
  bool may_be_dead;  ///< or it is dead
};

struct JobBuried {
  JobName job;
  std::string_view queue;
  DeadLetter::Cause cause;
  std::string_view exception;  ///< as in JobRetried
  Reason reason;
};

/// Nothing of what its on_failure hook has done stands; the job is buried all the same.
struct JobHookFailed {
  JobName job;
  Reason reason;
};

// --- A database of a worker.

struct DatabaseDoubted {
  std::string_view database;
  std::string_view error;
};

struct DatabaseAway {
  std::string_view database;
  std::string_view error;
  bool still = false;  ///< it was away already, for another reason
};

struct DatabaseServesAgain {
  std::string_view database;
  std::chrono::milliseconds outage;
};

using Event = std::variant<JobStarted, JobDone, JobRerun, BatchFailed, JobTroubleAfterCommit, JobRetried,
                           JobSnoozed, JobHookFailed, JobPutOff, JobOutdated, JobPutAside, JobGivenBack,
                           JobCrashed, JobCrashNotKept, JobExpired, JobCancelled, JobSkipped, JobBuried,
                           DatabaseDoubted, DatabaseAway, DatabaseServesAgain>;

/// Is called from any thread, also at the same time, and must not wait: the job goes on when it returns. What
/// it throws is dropped.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on(const Event& event) = 0;
};

}  // namespace aftercommit::worker
