/// Keeps jobs that cannot run here for now out of the executors' way.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/intake.hpp"
#include "broker/envelope/envelope.hpp"
#include "worker/events/events.hpp"
#include "worker/gate/database_watch.hpp"
#include "worker/gate/holds.hpp"
#include "worker/held/locked_jobs.hpp"
#include "worker/held/paused_queues.hpp"
#include "worker/home/home.hpp"
#include "worker/limits/limit_book.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/roles/settler.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// Knows what may hold a job back (holds.hpp).  A job stands aside for a reason that concerns many:
/// "database:reports", which is away, or of which this worker knows nothing; "task:later", which it does not
/// know.  While nothing is in any job's way what has been fetched is not looked at; the first job that meets
/// an executor in vain opens the eyes.  Thread-safe.
class Gate {
 public:
  /// None is owned; all outlive this.  `grace`: how long a job waits for a worker that knows its task.
  Gate(App& app, const Home& home, const HeldLeases& leases, RunningJobs& running, LockedJobs& locked,
       const CancelRequests& cancels, const Events& events, std::chrono::milliseconds grace,
       Preparations preparations);

  /// What holds this job back now; nothing: it is to be tried.
  std::optional<Hold> hold(const Candidate& candidate) const { return holds_.first(candidate); }
  /// A job has met what keeps it from running, or was about to: those that come are looked at.
  void wake() noexcept;

  /// How to put this job aside, if what holds it back is a reason for that.
  std::optional<Settlement> aside(const Fetched& fetched, const Candidate& candidate);
  /// The same for one that cannot be read, and is of the database with this alias; `job`: what is known of
  /// it.
  std::optional<Settlement> aside_unread(const Fetched& fetched, const Envelope& job,
                                         const std::string& alias);
  /// How to put aside one that waits for this limit of its.
  Settlement in_line(const Fetched& fetched, const Envelope& job, const JobLimits::One& limit);
  /// For one thread of hold_back(): what shows for which database it waits.
  std::shared_ptr<RunningJob> add_looking();
  /// Settles those of `jobs` that cannot run now, and leaves the others, also where it throws.
  void hold_back(std::vector<Fetched>& jobs, Settler& settler, RunningJob& looking);

  /// The queues whose jobs are given back, and not to be fetched.
  PausedQueues& paused() noexcept { return paused_; }
  /// What is known of the limits of jobs.
  LimitBook& limits() noexcept { return limits_; }

  /// False while it is away, or is being asked.
  bool serves(const Database& database) const;
  /// Has it asked, while its jobs go on: it may be stopping.
  void ask(const Database& database);
  /// A database has failed a job.  True: what belongs to it is put aside from now on.
  bool failed(Database& database, const std::string& error);

  // --- For who brings them back.

  /// The database that a reason names; null where it names none, or none of this worker's.
  DatabaseWatch* watch_of(std::string_view reason) const;
  /// Whether a reason names a task that this worker can run.
  bool runs_task_of(std::string_view reason) const;
  /// Waits until a database has begun to serve or not to, or `longest` has passed.
  void wait_for_change(std::chrono::milliseconds longest, const std::stop_token& stop);

 private:
  bool runs_task(std::string_view task) const;
  bool tell(const Envelope& job, Hold why, const std::string& reason);
  std::chrono::milliseconds grace_left(Envelope& job) const;
  void put_off_locked(std::vector<Fetched>& jobs, const std::vector<std::optional<Envelope>>& envelopes,
                      Settler& settler, RunningJob& looking);
  void doze();

  App& app_;
  RunningJobs& running_;
  LockedJobs& locked_;
  const Events& events_;
  const std::chrono::milliseconds grace_;
  PausedQueues paused_;
  LimitBook limits_;
  const Holds holds_;
  std::atomic<bool> watchful_{false};
  std::atomic<std::chrono::steady_clock::rep> woken_at_{0};
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any changes_;
  bool changed_ = false;
  std::set<std::string> told_;  // reasons that the log has told, but databases that are away; up to a bound
  DatabaseWatches databases_;   // last: its threads tell of changes
};

}  // namespace aftercommit::worker
