/// Ends tasks that run beyond their time limits, and in the last resort the process.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "worker/watch/running_job.hpp"
#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// Sleeps until the nearest limit of a running body.
class Deadlines {
 public:
  /// Called where one has not ended though it was cut short; all such are in their slots by then.
  using Overdue = std::function<void(const RunningBody::Look& body)>;

  /// `running` is not owned and outlives this.
  Deadlines(RunningJobs& running, Overdue overdue);

  /// From now on the process is not ended for a body's sake: its stop has bounds of its own.
  void spare_process() noexcept { spares_process_ = true; }

 private:
  void run(const std::stop_token& stop);
  RunningBody::Clock::time_point look();

  RunningJobs& running_;
  const Overdue overdue_;
  std::atomic<bool> spares_process_{false};
  std::jthread thread_;  // last
};

/// Ends this process, in which a task does not end.  `slots`: null where nobody watches it.
[[noreturn]] void end_overdue_process(ChildSlots* slots, const RunningBody::Look& body);

}  // namespace aftercommit::worker
