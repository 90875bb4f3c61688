/// Runs jobs on the calling thread by the worker's own attempts, and says how each has ended.
#pragma once

#include <memory>

#include "aftercommit/app.hpp"
#include "aftercommit/testing_running.hpp"
#include "broker/contract/intake.hpp"
#include "client/statements/riders.hpp"
#include "worker/events/events.hpp"
#include "worker/home/home.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/watch/deadlines.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::testing {

/// In whose name jobs are fetched and settled.
inline constexpr const char* kTestWorker = "test";

/// Notes what is told of the job that the calling thread runs.
class Recorder final : public worker::Listener {
 public:
  void on(const worker::Event& event) override;
};

/// What happens to a run from outside: see faults.hpp.  Called by the thread that runs the job.
class RunFault {
 public:
  virtual ~RunFault() = default;
  virtual void at_use() {}     ///< a database is about to be used
  virtual void at_commit() {}  ///< the body has returned, and its transaction is about to commit
  /// What is sent behind COMMIT in its message; null: nothing.
  virtual aftercommit::detail::Riders* behind_commit() { return nullptr; }
};

/// A worker without its roles.  Two threads may run a job at the same time, each with a RunningJob of its
/// own.
class Runner {
 public:
  struct End {
    JobRun run;
    Settlement settlement;
  };

  /// Makes the tables where they are missing.  `app` is not owned and outlives this.
  explicit Runner(App& app);

  /// A job whose task has an on_failure hook dies in one go: the delivery for the hook follows at once.
  /// `fault` is not owned; null: none.
  End run(Fetched job, worker::RunningJob& running, RunFault* fault = nullptr);

  worker::RunningJob& running() noexcept { return *running_; }  ///< of the test's thread
  worker::RunningJob& beside() noexcept { return *beside_; }    ///< of another one
  worker::Gate& gate() noexcept { return context_.gate; }

 private:
  App& app_;
  worker::HeldLease lease_;
  worker::Home home_;
  Recorder recorder_;
  const std::shared_ptr<worker::RunningJob> running_ = std::make_shared<worker::RunningJob>();
  const std::shared_ptr<worker::RunningJob> beside_ = std::make_shared<worker::RunningJob>();
  worker::AttemptContext context_;
  worker::Deadlines deadlines_;  // last: looks at the others
};

}  // namespace aftercommit::testing
