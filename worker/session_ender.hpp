/// Ends the sessions of dead workers at one database.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "aftercommit/database.hpp"
#include "broker/broker.hpp"

namespace aftercommit::worker {

/// On a thread of its own: a database that does not answer holds up none of the others.  Thread-safe.
class SessionEnder {
 public:
  /// `database` is not owned and outlives this.
  explicit SessionEnder(Database& database);

  /// Ends all sessions of this worker, again and again until the database has answered.
  void end(const WorkerId& dead);
  /// Waits until everything asked for has been tried; false if something has not been by then.
  bool tried_by(std::chrono::steady_clock::time_point deadline);

  /// Finds out which workers have these jobs locked; those found since the last call come with the next.
  void look_for_holders(const std::vector<JobId>& jobs);
  std::set<WorkerId> take_holders();

 private:
  void run(const std::stop_token& stop);
  bool try_to_end(const WorkerId& dead, bool first);
  void find(const std::vector<JobId>& jobs);

  Database& database_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any asked_;
  std::condition_variable tried_;
  std::set<WorkerId> to_end_;
  std::set<WorkerId> again_;  // the database was away
  std::vector<JobId> to_find_;
  std::set<WorkerId> holders_;
  bool busy_ = false;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
