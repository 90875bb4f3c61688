/// The running worker: all its roles, from start to an orderly stop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "client/commit_hooks.hpp"
#include "worker/attempt.hpp"
#include "worker/executor.hpp"
#include "worker/fetcher.hpp"
#include "worker/job_buffer.hpp"
#include "worker/options.hpp"
#include "worker/scheduler.hpp"
#include "worker/settler.hpp"
#include "worker/signals.hpp"

namespace aftercommit::worker {

/// Fetches from construction on.
class Daemon {
 public:
  Daemon(App& app, const Options& options);
  ~Daemon();

  const WorkerId& worker() const noexcept { return context_.worker; }

  /// Stops fetching, gives back what has not started, lets the running jobs finish until the shutdown
  /// timeout, then cancels their queries and gives them back.  A further signal ends the process at once.
  /// Does not return when a task ignores its cancellation: the process then exits from here, its jobs given
  /// back.
  void shut_down(Signals& signals);

 private:
  std::unique_ptr<Broker> connect() const;
  std::shared_ptr<detail::JobSender> make_sender();
  std::vector<std::unique_ptr<Executor>> make_executors();
  bool wait_until_idle(std::chrono::milliseconds timeout, Signals& signals) const;
  void give_back_what_still_runs();

  App& app_;  // not owned, outlives this
  const Options options_;
  AttemptContext context_;
  JobBuffer buffer_;
  Settler settler_;
  std::shared_ptr<detail::JobSender> sender_before_;  // the app's own, put back at the end
  std::vector<std::unique_ptr<Executor>> executors_;
  Scheduler scheduler_;
  Fetcher fetcher_;  // last: jobs arrive when all else is there
};

}  // namespace aftercommit::worker
