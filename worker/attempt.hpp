/// One attempt at one job, from the text that was fetched to how it is settled.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "aftercommit/app.hpp"
#include "aftercommit/job.hpp"
#include "broker/broker.hpp"
#include "broker/envelope.hpp"
#include "worker/heartbeat.hpp"
#include "worker/interruptions.hpp"
#include "worker/job_ending.hpp"
#include "worker/locked_jobs.hpp"
#include "worker/outage.hpp"
#include "worker/running_job.hpp"

namespace aftercommit::detail {
struct TaskEntry;
}

namespace aftercommit::worker {

/// What all attempts of a worker share.  Thread-safe.
struct AttemptContext {
  App& app;  // not owned, outlives this
  WorkerId worker;
  std::chrono::milliseconds unknown_task_grace;
  HeldLease& lease;               // not owned, outlives this
  std::atomic<bool> stop{false};  ///< the shutdown's patience has ended: failures now use up no retry
  Outages outages{};
  LockedJobs locked{};
  Interruptions interrupted{};

  std::mutex unknown_mutex{};                // protects unknown_reported
  std::set<std::string> unknown_reported{};  ///< tasks this worker has said once that it does not know
};

/// Runs a job to its settlement.  Never throws for what a job or its task does.
class Attempt {
 public:
  /// None is owned; all outlive this.
  Attempt(AttemptContext& context, const Fetched& fetched, RunningJob& running)
      : context_{context}, fetched_{fetched}, running_{running} {}

  Settlement run();

 private:
  /// How the body ended, in the words of the log and the dead letter.
  struct Failure {
    enum class Kind {
      kError,
      kRetry,
      kReject,
      kBrokeOut,     ///< the task has ended its transaction by itself
      kNotOurs,      ///< nothing was there to claim: it did not run
      kUnavailable,  ///< its database did not serve, or is in doubt about the commit: no attempt is used up
    };
    Kind kind = Kind::kError;
    std::string reason;
    std::optional<std::chrono::milliseconds> countdown{};
  };

  Settlement run_task(const detail::TaskEntry& task);
  std::optional<Failure> execute(const detail::TaskEntry& task, const std::function<void(Job&)>& body);
  std::optional<Failure> execute_once(const detail::TaskEntry& task, const std::function<void(Job&)>& body,
                                      bool& conflict);
  /// As execute_once, without a transaction.
  std::optional<Failure> execute_bare(const std::function<void()>& body);
  /// This thread is for the next job too: rolls back what a task has left open by hand.  True if there was
  /// anything.
  bool end_manual_mode() const noexcept;
  Database& database_for(const detail::TaskEntry& task) const;

  Settlement settle_failure(const detail::TaskEntry& task, Failure failure);
  Settlement wait_for_a_deploy(std::string_view why);
  Settlement bury(DeadLetter::Cause cause, const std::string& reason, int attempt);

  std::chrono::system_clock::time_point now() const;
  std::string milliseconds_since_start() const;

  AttemptContext& context_;
  const Fetched& fetched_;
  RunningJob& running_;
  JobEnding ending_{fetched_, context_.worker, context_.locked};
  std::optional<Envelope> job_{};  // once the payload has been read
  Database* home_ = nullptr;       // holds its row, if it is durable
  std::chrono::steady_clock::time_point started_{};
};

}  // namespace aftercommit::worker
