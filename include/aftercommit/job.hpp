/// The running job, as its task sees it.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "aftercommit/job_id.hpp"
#include "aftercommit/transaction.hpp"

namespace aftercommit {

/// What is known of a job before it runs.
struct JobInfo {
  JobId id;  ///< the same over all attempts: the idempotency key for effects outside the database
  std::string task;
  std::string queue;
  int attempt = 1;  ///< of this execution, counted from 1
  int max_retries = 0;
  std::chrono::system_clock::time_point enqueued_at{};
};

/// Handed to a task for one attempt, on the thread that runs it.
class Job {
 public:
  Job(const JobInfo& info, Transaction* transaction, const std::atomic<bool>& stop)
      : info_{info}, transaction_{transaction}, stop_{stop} {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  const JobId& id() const noexcept { return info_.id; }
  const std::string& task() const noexcept { return info_.task; }
  const std::string& queue() const noexcept { return info_.queue; }
  int attempt() const noexcept { return info_.attempt; }
  int max_retries() const noexcept { return info_.max_retries; }
  bool last_attempt() const noexcept { return info_.attempt > info_.max_retries; }
  std::chrono::system_clock::time_point enqueued_at() const noexcept { return info_.enqueued_at; }

  /// The transaction this attempt runs in; commits when the task returns.  UsageError for a task declared
  /// with transactional = false.
  Transaction& transaction() const;

  /// True once the worker has run out of patience in its shutdown: a long task may return early by throwing;
  /// the job is given back and uses up no retry.
  bool stop_requested() const noexcept { return stop_; }

 private:
  const JobInfo& info_;  // not owned, outlives this, as do the next two
  Transaction* const transaction_;
  const std::atomic<bool>& stop_;
};

}  // namespace aftercommit
