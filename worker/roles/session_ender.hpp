/// Ends the sessions of dead workers at one database.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <vector>

#include "aftercommit/database.hpp"
#include "broker/contract/names.hpp"
#include "client/app/worker_backends.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// On a thread of its own: a database that does not answer holds up none of the others.  Thread-safe.
class SessionEnder {
 public:
  /// `database` is not owned and outlives this.
  explicit SessionEnder(Database& database);

  /// Ends all sessions of this worker, in one try.
  void end(const WorkerId& dead);
  /// Waits until everything asked for has been tried; false if something has not been by then.
  bool tried_by(std::chrono::steady_clock::time_point deadline);
  /// Those for whom it was tried, and not with success yet: to be asked for anew, unless they have come back
  /// meanwhile.
  std::set<WorkerId> not_ended();
  /// This worker has come back: nothing of it is ended any more.
  void spare(const WorkerId& alive);

  /// Finds out which workers have these jobs locked; those found since the last call come with the next.
  void look_for_holders(const std::vector<JobId>& jobs);
  std::vector<detail::Holder> take_holders();

 private:
  void serve(const std::stop_token& stop);
  void try_to_end(const WorkerId& dead, bool first) noexcept;
  void tell_of_what_was_caught(const WorkerId& dead) noexcept;
  void find(const std::vector<JobId>& jobs);

  Database& database_;  // used by thread_ alone, as is the next
  SaidOnce looking_{"cannot ask who holds a job that is locked; asking again when it is met again"};
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any asked_;
  std::condition_variable tried_;
  std::set<WorkerId> to_end_;
  std::set<WorkerId> not_ended_;  // it is being tried, or was in vain, and that was said
  std::vector<JobId> to_find_;
  std::vector<detail::Holder> holders_;
  bool busy_ = false;
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
