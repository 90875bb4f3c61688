/// Stops running jobs that were cancelled.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "worker/cancel/cancel_requests.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// Looks at each database every `interval`, and when told to: a running job is asked to stop, and a second
/// later cut short.
class CancelWatch {
 public:
  /// Whether this database serves; one that does not is not looked at.
  using Serves = std::function<bool(const Database& database)>;

  /// Has looked once when it is made: what was cancelled before does not begin.  `app`, `requests` and
  /// `running` are not owned, and outlive this.
  CancelWatch(App& app, CancelRequests& requests, RunningJobs& running, Serves serves,
              std::chrono::milliseconds interval);

  RoleThread& thread() noexcept { return thread_; }

  /// From any thread: somebody has cancelled a job that runs.
  void look_soon(Database& database);

 private:
  using Clock = std::chrono::steady_clock;

  void serve(const std::stop_token& stop);
  Clock::time_point look_at_all() noexcept;
  void look(const std::string& alias, Database& database) noexcept;
  std::vector<JobId> running_here() const;
  void stop_running(Clock::time_point now);
  void wait(const std::stop_token& stop);

  App& app_;
  CancelRequests& requests_;
  RunningJobs& running_;
  const Serves serves_;
  const std::chrono::milliseconds interval_;
  const std::exception_ptr why_;
  std::mutex mutex_;  // protects asked_
  std::condition_variable_any wake_;
  std::set<const Database*> asked_;
  std::map<std::string, SaidOnce> failures_;  // used by thread_ alone, as the next two; by alias
  std::map<JobId, Clock::time_point> since_;  // when those that run here were asked to stop
  Clock::time_point next_;                    // when all are looked at
  RoleThread thread_;                         // last
};

}  // namespace aftercommit::worker
