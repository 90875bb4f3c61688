/// What all attempts of a worker share.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>

#include "aftercommit/app.hpp"
#include "broker/contract/names.hpp"
#include "worker/cancel/cancel_requests.hpp"
#include "worker/events/events.hpp"
#include "worker/gate/gate.hpp"
#include "worker/held/failed_batches.hpp"
#include "worker/held/interruptions.hpp"
#include "worker/held/locked_jobs.hpp"
#include "worker/home/home.hpp"
#include "worker/notes/progress_board.hpp"
#include "worker/notes/result_tables.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/run/unreadable.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// Thread-safe.
struct AttemptContext {
  App& app;  // not owned, outlives this
  WorkerId worker;
  std::chrono::milliseconds unknown_task_grace;
  HeldLeases leases;
  Home& home;                     // not owned, outlives this
  TimeLimits time_limits{};       ///< of jobs where neither call nor task says
  Preparations preparations{};    ///< taken by `gate`
  bool history = false;           ///< each transaction of a job enters itself there, which all databases have
  std::atomic<bool> stop{false};  ///< the shutdown's patience has ended: failures now use up no retry
  Events events{};
  /// Called within the handler of what a body has thrown, for the test kit; set before anything runs.
  std::function<void()> thrown{};
  RunningJobs running{};
  LockedJobs locked{};
  CancelRequests cancels{};
  Interruptions interrupted{};
  FailedBatches failed_batches{};
  Unreadable unreadable{};
  ProgressBoard progress{};
  ResultTables results{};
  Gate gate{app,
            home,
            leases,
            running,
            locked,
            cancels,
            events,
            unknown_task_grace,
            std::move(preparations)};  ///< last: its threads use the others
};

}  // namespace aftercommit::worker
