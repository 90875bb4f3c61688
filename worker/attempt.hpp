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
#include "client/effect_guard.hpp"
#include "worker/heartbeat.hpp"
#include "worker/interruptions.hpp"
#include "worker/job_ending.hpp"
#include "worker/locked_jobs.hpp"
#include "worker/outage.hpp"
#include "worker/running_job.hpp"

namespace aftercommit::detail {
class Session;
struct TaskEntry;
}  // namespace aftercommit::detail

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
  /// `context` and `running` are not owned, and outlive this.
  Attempt(AttemptContext& context, Fetched job, RunningJob& running)
      : context_{context}, fetched_{std::move(job)}, running_{running} {}
  ~Attempt() { let_go(); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  const Fetched& job() const noexcept { return fetched_; }
  /// Gives up the transaction that was begun for it, where it has not run.
  void let_go() noexcept;

  /// Gives the attempt that this thread makes next, if there is one to be had now.  Asked once at most, when
  /// the task has returned.
  using Successor = std::function<Attempt*()>;

  /// The transaction of the successor begins in the message that commits this one, where both are on one
  /// database: a round trip less.
  Settlement run(const Successor& successor = {});

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

  const Malformed* read();
  Settlement run_task(const detail::TaskEntry& task);
  std::optional<Failure> execute(const detail::TaskEntry& task, const std::function<void(Job&)>& body);
  std::optional<Failure> execute_once(const detail::TaskEntry& task, const std::function<void(Job&)>& body,
                                      bool& conflict);
  /// As execute_once, without a transaction.
  std::optional<Failure> execute_bare(const std::function<void()>& body);
  /// What claims the job in a transaction of this database; null where that is not what is to be done with
  /// it.
  detail::Riders* claim_ahead(Database& database);
  void let_successor_begin(const detail::Session& session);
  /// For when nobody knows whether the transaction has been committed.
  bool has_taken_effect(Database& database) const noexcept;
  /// This thread is for the next job too: rolls back what a task has left open by hand.  True if there was
  /// anything.
  bool end_manual_mode() const noexcept;
  Database& find_home() const;
  Database& database_for(const detail::TaskEntry& task) const;

  Settlement settle_failure(const detail::TaskEntry& task, Failure failure);
  Settlement wait_for_a_deploy(std::string_view why);
  Settlement bury(DeadLetter::Cause cause, const std::string& reason, int attempt);

  std::chrono::system_clock::time_point now() const;
  std::string milliseconds_since_start() const;

  AttemptContext& context_;
  const Fetched fetched_;
  RunningJob& running_;
  JobEnding ending_{fetched_, context_.worker, context_.locked};
  std::optional<Malformed> malformed_{};  // once the payload has been read, this
  std::optional<Envelope> job_{};         // or this
  Database* home_ = nullptr;              // holds its row, if it is durable
  std::chrono::steady_clock::time_point started_{};
  std::optional<detail::EffectGuard> guard_{};  // outlives its block
  Database* claimed_ahead_in_ = nullptr;  // by guard_, or at least it was tried; null: not yet, or no more
  const Successor* successor_ = nullptr;  // not owned; null: none, or asked already
};

}  // namespace aftercommit::worker
