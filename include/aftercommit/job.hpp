/// The running job, as its task sees it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aftercommit/headers.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/trace.hpp"
#include "aftercommit/transaction.hpp"

namespace aftercommit {

/// What is known of a job before it runs.
struct JobInfo {
  JobId id;  ///< the same over all attempts: the idempotency key for effects outside the database
  std::string task;
  std::string queue;
  int attempt = 1;  ///< of this execution, counted from 1; snoozes are not counted
  int max_retries = 0;
  std::chrono::system_clock::time_point enqueued_at{};
  std::optional<std::chrono::system_clock::time_point> tick{};
  Headers headers{};
  std::optional<TraceContext> trace{};
};

namespace detail {

class FlowRunner;

/// Where what a running job tells besides its effect is kept.  For the job's thread.
class JobNotes {
 public:
  virtual void progress(std::int64_t done, std::int64_t total, std::string_view note) = 0;
  virtual void line(std::string_view text) = 0;
  /// JSON, to be written with the commit.
  virtual void result(std::string value, std::chrono::milliseconds ttl) = 0;
  /// Who keeps what the job does, where it is a flow; null: nobody.
  virtual FlowRunner* flow() noexcept { return nullptr; }

 protected:
  ~JobNotes() = default;
};

}  // namespace detail

/// Handed to a task for one attempt, on the thread that runs it.
class Job {
 public:
  /// `stop`: the worker is to stop.  `notes`: null, as in an application's own tests: what it tells is kept
  /// nowhere.  `stop_job`: this job is to; null: nobody asks that.
  Job(const JobInfo& info, Transaction* transaction, const std::atomic<bool>& stop,
      detail::JobNotes* notes = nullptr, const std::atomic<bool>* stop_job = nullptr)
      : info_{info}, transaction_{transaction}, stop_{stop}, notes_{notes}, stop_job_{stop_job} {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  const JobId& id() const noexcept { return info_.id; }
  const std::string& task() const noexcept { return info_.task; }
  const std::string& queue() const noexcept { return info_.queue; }
  int attempt() const noexcept { return info_.attempt; }
  int max_retries() const noexcept { return info_.max_retries; }
  bool last_attempt() const noexcept { return info_.attempt > info_.max_retries; }
  std::chrono::system_clock::time_point enqueued_at() const noexcept { return info_.enqueued_at; }
  /// The time that the job is for: of a periodic task the one at which it was due, however late the job is.
  /// Nothing: its call has named none.
  const std::optional<std::chrono::system_clock::time_point>& tick() const noexcept { return info_.tick; }
  /// What was said with the call, or by middleware around it: the same over all attempts.
  const Headers& headers() const noexcept { return info_.headers; }
  /// The trace context of who asked for the job; nothing: none, or no valid one.  TraceContext::current() is
  /// this attempt's own span within it, which the jobs that it asks for carry on.
  const std::optional<TraceContext>& trace() const noexcept { return info_.trace; }

  /// The transaction this attempt runs in; commits when the task returns.  UsageError for a task declared
  /// with transactional = false.
  Transaction& transaction() const;

  /// Ends this attempt, and asks for another: job.retry({.countdown = 30s, .reason = "the mail server is
  /// down"}).  Throws Retry, which says what of its options holds: let it through.
  [[noreturn]] void retry(const RetryCall& how = {}) const;
  /// Ends this attempt, which counts nothing: the job comes back after exactly `after`.  Throws Snooze: let
  /// it through.
  [[noreturn]] void snooze(std::chrono::milliseconds after,
                           const std::string& reason = "snoozed by its task") const;

  /// True once the worker has run out of patience in its shutdown: a long task may return early by throwing;
  /// the job is given back and uses up no retry.  True as well once a time limit of the job has passed, the
  /// soft or the hard one, or somebody has asked it to stop: what it throws then fails the attempt.
  /// Thread-safe, as long as the task runs.
  bool stop_requested() const noexcept { return stop_ || (stop_job_ != nullptr && *stop_job_); }

  /// Says how far the job has got: `done` of `total` (0: not known), with a note of up to 256 bytes.  To be
  /// seen outside at once, whatever becomes of the transaction: App::progress(), and the table `progress`.
  /// Call it as often as you like, it costs no round trip: the worker writes what is newest, five times a
  /// second at most, and what was said last in any case.  It is gone when the job has taken effect.
  /// UsageError for a number below 0, and for a job without a database: without a row, and of a task declared
  /// with transactional = false.
  void progress(std::int64_t done, std::int64_t total = 0, std::string_view note = {});

  /// Keeps a line with this attempt, and logs it: the newest 100 lines, 8 KiB in all.  Those of an attempt
  /// that fails stand with its error (the newest 2 KiB), in the dead letter as well; those of the one that
  /// takes effect beside the value that its task returns, and in the log alone where it returns none.
  void log(std::string_view line);

  /// For the library's own parts; null: none.
  detail::JobNotes* notes() const noexcept { return notes_; }

 private:
  const JobInfo& info_;  // not owned, outlives this, as do the others
  Transaction* const transaction_;
  const std::atomic<bool>& stop_;
  detail::JobNotes* const notes_;
  const std::atomic<bool>* const stop_job_;
};

}  // namespace aftercommit
