/// The options of a task and of one call of it, with every default in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/headers.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/limit.hpp"
#include "aftercommit/priority.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/unique.hpp"

namespace aftercommit {

class Transaction;

/// What a job's existence hangs on.
enum class Delivery : std::uint8_t {
  kDurable,    ///< a row of the job table, written by the same transaction and kept until the task has taken
               ///< effect
  kOnCommit,   ///< sent once the transaction has committed; at once where no atomic block is open
  kImmediate,  ///< sent at once, even inside a transaction that may still roll back
};

/// The defaults, all of them.  Each can be set for the app, the task or the call, where it makes sense.
namespace defaults {
inline constexpr const char* kQueue = "default";
inline constexpr const char* kDatabase = "default";
inline constexpr const char* kSchema = "aftercommit";  ///< of the job table and the ledger
inline constexpr int kMaxRetries = 20;                 ///< 21 attempts, about 9 hours in all
inline constexpr Backoff kBackoff{};                   ///< 1 s, 2 s, 4 s ... 1 h, less 0-20 %
inline constexpr std::size_t kPayloadLimit = std::size_t{1024} * 1024;  ///< bytes of an encoded job
inline constexpr std::chrono::hours kResultTtl{24};  ///< of the value that a task returns; as in Celery
inline constexpr std::chrono::milliseconds kEnqueueTimeout{2000};  ///< in all, connecting included
inline constexpr std::chrono::minutes kTimeLimit{30};  ///< the hard one of each job, as a worker has it
}  // namespace defaults

/// Given where the task is declared.
struct TaskOptions {
  std::string queue = defaults::kQueue;  ///< 1 to 64 of a-z A-Z 0-9 _ . -
  int max_retries = defaults::kMaxRetries;
  Backoff backoff = defaults::kBackoff;
  /// No retry begins later than this after the first attempt that failed, crashed or snoozed; empty: whenever
  /// max_retries lets it.  Both hold.  As Sidekiq's retry_for.
  std::optional<std::chrono::milliseconds> retry_for = std::nullopt;
  ErrorTypes retry_on = {};     ///< the exceptions that are retried, by retry_on<E...>(); none named: all
  ErrorTypes no_retry_on = {};  ///< those that are not, by no_retry_on<E...>(), whatever retry_on says
  std::optional<std::chrono::milliseconds> expires =
      std::nullopt;                                 ///< not started later than this after the call
  std::optional<Delivery> delivery = std::nullopt;  ///< otherwise the app's
  std::string database =
      {};  ///< alias its transactions run on; empty: the one it joins, else the app's default
  bool transactional = true;  ///< false: run without a transaction, for tasks without a database
  /// How long an attempt may run, up to its COMMIT; then it is asked to stop: job.stop_requested() is true,
  /// and the next use of a database throws SoftTimeLimitExceeded, once.  0 or less: never; empty: as the
  /// worker says by --soft-time-limit.  As Celery's, as is the next.
  std::optional<std::chrono::milliseconds> soft_time_limit = std::nullopt;
  /// The same for its end: the statement that runs is cancelled, the transaction rolled back, and the attempt
  /// fails with TimeLimitExceeded.  A task that does not end even so is ended together with its process.  0
  /// or less: never; empty: as the worker says by --time-limit, 30 minutes.
  std::optional<std::chrono::milliseconds> time_limit = std::nullopt;
  Priority priority = Priority::kNormal;  ///< among the jobs of its queue
  /// How long the value of a task that returns one is kept, from its commit on; a day where nothing is said.
  std::optional<std::chrono::milliseconds> result_ttl = std::nullopt;
  std::optional<Unique> unique = std::nullopt;  ///< Unique{}, not {}: of jobs that mean the same there is one
  std::vector<Limit> limits = {};               ///< for all workers together, see limit.hpp
  /// Where in its arguments a job has its key for limits, as a JSON pointer: "/0" is the first one,
  /// "/0/customer" a member of that.  Empty, or nothing there: all jobs have the same key, but for calls that
  /// give one.
  std::string limit_key = {};
};

/// Given to apply_async for one job; what is empty is as the task says.  As Celery's apply_async.
struct CallOptions {
  std::optional<std::chrono::milliseconds> countdown =
      std::nullopt;  ///< earliest start, counted from the call
  std::optional<std::chrono::system_clock::time_point> eta = std::nullopt;  ///< earliest start as an instant
  std::optional<std::string> queue = std::nullopt;
  std::optional<int> max_retries = std::nullopt;
  std::optional<Backoff> backoff = std::nullopt;
  std::optional<std::chrono::milliseconds> retry_for = std::nullopt;  ///< see TaskOptions
  std::optional<std::chrono::milliseconds> expires =
      std::nullopt;  ///< not started later than this after the call
  std::optional<Delivery> delivery = std::nullopt;
  std::optional<std::string> database =
      std::nullopt;  ///< alias; the job joins that database's open transaction
  Transaction* transaction =
      nullptr;  ///< joins exactly this one, of this thread, whatever the task says; not owned
  std::optional<Priority> priority = std::nullopt;  ///< among the jobs of its queue
  Headers headers = {};  ///< {{"tenant", "blue"}}; the task reads them by job.headers()
  std::optional<std::chrono::milliseconds> soft_time_limit = std::nullopt;  ///< see TaskOptions, as the next
  std::optional<std::chrono::milliseconds> time_limit = std::nullopt;       ///< 0 or less: none for this job
  /// The time that the job is for, which its task reads by job.tick(): App::periodic sets it, and who makes
  /// up for one by hand.
  std::optional<std::chrono::system_clock::time_point> tick = std::nullopt;
  std::optional<Unique> unique = std::nullopt;  ///< in place of the task's
  std::optional<JobId> flow = std::nullopt;     ///< that waits for it: FlowContext::all sets it
  /// The job's key for limits, 1 to 200 bytes, in place of what the task finds in the arguments.
  std::optional<std::string> limit_key = std::nullopt;
};

}  // namespace aftercommit
