/// The roles that bring in durable jobs straight from the table of a database.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "broker/none/taken_jobs.hpp"
#include "client/job_table/job_listener.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/table/row_taker.hpp"

namespace aftercommit::worker {

/// Takes jobs from the table as they are wanted, when there is news of them, when the next one is due, and
/// every `interval`.
class TableIntake {
 public:
  /// `database` is not owned and outlives this.  `takes`: as RowTaker's.
  TableIntake(std::shared_ptr<TakenJobs> jobs, Database& database, std::size_t payload_limit,
              std::chrono::milliseconds interval, std::function<bool(const JobId&)> takes = {});

  RoleThread& thread() noexcept { return thread_; }

 private:
  void step(const std::stop_token& stop);

  const std::shared_ptr<TakenJobs> jobs_;
  const std::string database_;
  RowTaker taker_;     // used by thread_ alone
  RoleThread thread_;  // last
};

/// Hears of new jobs, and of those that were cancelled, and has the intake look for them.
class TableListener {
 public:
  /// `database` is not owned and outlives this.  `on_cancel`: see JobListener.
  TableListener(std::shared_ptr<TakenJobs> jobs, Database& database, std::chrono::milliseconds interval,
                std::function<void()> on_cancel);

  RoleThread& thread() noexcept { return thread_; }

 private:
  void listen(const std::stop_token& stop);

  const std::shared_ptr<TakenJobs> jobs_;
  Database& database_;
  const std::chrono::milliseconds interval_;
  detail::JobListener listener_;  // used by thread_ alone, as the next
  SaidOnce listening_{"cannot listen for new jobs; looking for them at each interval"};
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
