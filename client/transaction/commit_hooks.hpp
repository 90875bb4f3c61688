/// What waits for the commit of a transaction: hooks and jobs, in order, cut back when a savepoint rolls
/// back.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/contract/enqueue_target.hpp"

namespace aftercommit::detail {

/// A job that waits: what to send, and when it was asked for (a countdown counts from there).
struct PendingJob {
  JobId id;
  Outgoing outgoing;
  std::chrono::steady_clock::time_point asked_at;
  std::string task{};           ///< its name, for errors
  bool row_is_written = false;  ///< by a statement of the transaction, before its commit
};

/// What to hand the broker for jobs asked for some time ago: their countdowns run since then.
std::vector<Outgoing> due_from_now(std::vector<PendingJob>& jobs);

/// Sends jobs to a broker.  Thread-safe.
class JobSender {
 public:
  virtual ~JobSender() = default;
  /// What waited for a commit, in one round trip; throws EnqueueError, which says that the transaction
  /// stands.
  virtual void send(std::vector<PendingJob> jobs) = 0;
  /// Jobs that wait for no commit, and are no rows, in one round trip; throws EnqueueError.  `ids`: theirs.
  virtual void send_now(std::vector<Outgoing> jobs, const std::vector<JobId>& ids) = 0;
  /// The process ends: what this has to do on threads of its own is done here, and nothing after.
  virtual void end() noexcept {}
};

/// Savepoints nest, so what was registered since one of them is always the tail: a mark is two sizes.
/// For one thread.
class CommitHooks {
 public:
  struct Mark {
    std::size_t hooks = 0;
    std::size_t jobs = 0;
    std::size_t cancelled = 0;
  };

  void add_hook(std::function<void()> hook, bool robust) { hooks_.push_back({std::move(hook), robust}); }
  void add_job(std::shared_ptr<JobSender> sender, PendingJob job) {
    jobs_.push_back({std::move(sender), std::move(job)});
  }

  /// The job of this id, if it waits here; null: it does not, or was cancelled, or has a row already.
  const PendingJob* find_job(const JobId& id) const;
  /// It is not to be sent, nor to be a row; taken back where a savepoint around the call rolls back.
  void cancel_job(const JobId& id) { cancelled_.push_back(id); }

  /// The jobs that are to be rows of the transaction as well, in their order.
  std::vector<const PendingJob*> durable_jobs() const;

  // --- For the tests of applications, whose transactions never commit.

  std::vector<std::function<void()>> hooks_since(Mark mark) const;
  /// Those that were not cancelled.  Not owned: good until something else waits here.
  std::vector<const PendingJob*> jobs_since(Mark mark) const;
  /// Takes out what was registered since, as if it had been asked for just now.
  CommitHooks take_since(Mark mark);

  bool empty() const noexcept { return hooks_.empty() && jobs_.empty(); }
  Mark mark() const noexcept { return {hooks_.size(), jobs_.size(), cancelled_.size()}; }
  void drop_since(Mark mark);
  void clear() noexcept;

  /// After the commit: sends all jobs, then runs the hooks, until one that is not robust throws.  Whatever
  /// fails, all jobs have been tried.  Throws what the hook threw, else the EnqueueError.  `*this` is empty
  /// from the start, so a hook may open transactions of its own.
  void run();

 private:
  struct Hook {
    std::function<void()> run;
    bool robust;
  };
  struct Job {
    std::shared_ptr<JobSender> sender;
    PendingJob job;
  };

  bool is_cancelled(const JobId& id) const;

  std::vector<Hook> hooks_;
  std::vector<Job> jobs_;
  std::vector<JobId> cancelled_;  // of these jobs
};

}  // namespace aftercommit::detail
