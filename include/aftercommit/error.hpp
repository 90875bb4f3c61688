/// Everything the library throws; the root answers "may I call again?" and "may it have happened already?".
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/export.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit {

/// The root.  what() is a sentence: what was attempted, on what, what stood in the way, what to do.
/// Errors of PostgreSQL itself (pqxx::unique_violation and so on) pass through as libpqxx throws them.
struct AFTERCOMMIT_EXPORT Error : std::runtime_error {
  using std::runtime_error::runtime_error;
  virtual bool retryable() const noexcept { return false; }  ///< the same call may succeed later
  virtual bool in_doubt() const noexcept { return false; }   ///< it may have taken effect already
};

/// The call is wrong where it stands: fix the program.  Nothing was changed.
struct AFTERCOMMIT_EXPORT UsageError : Error {
  using Error::Error;
};

/// A setting is missing or wrong (a URL, an environment variable, a server's version): fix the set-up.
struct AFTERCOMMIT_EXPORT ConfigError : Error {
  using Error::Error;
};

/// The transaction cannot do what was asked: it is broken by a failed statement, or managed by an atomic
/// block.  As Django's TransactionManagementError.  When thrown on leaving a block, the block was rolled
/// back.
struct AFTERCOMMIT_EXPORT TransactionManagementError : Error {
  using Error::Error;
};

/// COMMIT was sent and its answer lost: the transaction may or may not stand.  Its on_commit hooks did not
/// run and its on_commit jobs were not sent.
struct AFTERCOMMIT_EXPORT CommitInDoubt : Error {
  using Error::Error;
  bool in_doubt() const noexcept override { return true; }
};

/// No connection to the database could be had: it does not answer, or the pool stayed exhausted; or the
/// server that it led to takes no writes.  Nothing was committed.
struct AFTERCOMMIT_EXPORT DatabaseUnavailable : Error {
  using Error::Error;
  bool retryable() const noexcept override { return true; }
};

/// The soft time limit of the running job has passed: thrown once, at the next use of a database by the
/// thread of its task, before anything is sent.  The task may catch it to clean up, or return to commit what
/// it has done so far.  What it throws fails the attempt as any exception.  As Celery's.
struct AFTERCOMMIT_EXPORT SoftTimeLimitExceeded : Error {
  using Error::Error;
};

/// The hard time limit of the running job has passed: "timed out in task 'report' after 2 s".  Thrown at each
/// use of a database by the thread of its task; the attempt fails with it whatever the task makes of that.
struct AFTERCOMMIT_EXPORT TimeLimitExceeded : Error {
  using Error::Error;
};

/// An argument of a job cannot be sent: over the payload limit, or not representable as JSON.
struct AFTERCOMMIT_EXPORT PayloadError : Error {
  using Error::Error;
};

/// The broker did not answer within its bound: down, unreachable, still loading, or cut off.
struct AFTERCOMMIT_EXPORT BrokerUnavailable : Error {
  using Error::Error;
  bool retryable() const noexcept override { return true; }
};

/// The broker answered and refused: full, read-only, wrong password, no permission, foreign data.
struct AFTERCOMMIT_EXPORT BrokerRefused : Error {
  using Error::Error;
};

/// Jobs could not be handed to the broker.  Where they belonged to a transaction, its commit stands and only
/// the jobs named here are affected.
class AFTERCOMMIT_EXPORT EnqueueError : public Error {
 public:
  EnqueueError(const std::string& what, std::vector<JobId> jobs, bool retryable, bool in_doubt)
      : Error{what}, jobs_{std::move(jobs)}, retryable_{retryable}, in_doubt_{in_doubt} {}
  const std::vector<JobId>& jobs() const noexcept { return jobs_; }  ///< all that are not known to be sent
  bool retryable() const noexcept override { return retryable_; }
  bool in_doubt() const noexcept override { return in_doubt_; }  ///< some of them may have been sent

 private:
  std::vector<JobId> jobs_;
  bool retryable_;
  bool in_doubt_;
};

}  // namespace aftercommit
