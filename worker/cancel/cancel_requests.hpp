/// Which jobs were cancelled while they ran, as far as this process knows.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// The requests themselves stand in the databases, and stay until their jobs have ended: what is missed here
/// is seen with the next look.  Thread-safe; what asks a database throws what that does.
class CancelRequests {
 public:
  CancelRequests() = default;
  CancelRequests(const CancelRequests&) = delete;
  CancelRequests& operator=(const CancelRequests&) = delete;

  /// Whether this job is to stop, or not to begin.  Costs next to nothing while none is.
  bool contains(const JobId& job) const;
  bool any() const noexcept { return any_; }
  std::vector<JobId> jobs() const;

  /// Asks this database: jobs that have failed, or whose worker has died, do not run again from now on, and
  /// those that still run somewhere are known from now on.  So are those of `running`, of this process, that
  /// it takes for cancelled already: a job without a transaction holds nothing there by which it could tell
  /// that it runs.  Does nothing where the tables are too old for cancelled jobs.  For one thread.
  void look(Database& database, std::span<const JobId> running);
  /// An attempt at this job has ended without effect, and let go of it: sees to it that it does not run
  /// again. False if another has it right now.
  bool settle(Database& database, const JobId& job);
  /// Whether this job, of which nothing is left to run, was cancelled.
  bool was_cancelled(Database& database, const JobId& job, bool durable) const;

 private:
  bool knows(const Database& database) const;
  bool find_out(Database& database);

  std::atomic<bool> any_{false};                    // changed with mutex_ held
  mutable std::mutex mutex_;                        // protects what follows
  std::map<const Database*, std::set<JobId>> all_;  // by who says so
  std::set<const Database*> ready_;                 // have the tables
};

}  // namespace aftercommit::worker
