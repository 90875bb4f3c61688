/// One attempt at one job, from the text that was fetched to how it is settled.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/contract/broker.hpp"
#include "broker/envelope/envelope.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/run/execution.hpp"
#include "worker/run/job_ending.hpp"

namespace aftercommit::worker {

/// Runs a job to its settlement.  Never throws for what a job or its task does.
class Attempt {
 public:
  /// `context` and `running` are not owned, and outlive this.
  Attempt(AttemptContext& context, Fetched job, RunningJob& running)
      : context_{context}, fetched_{std::move(job)}, execution_{context, running} {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  const Fetched& job() const noexcept { return fetched_; }
  /// Gives up the transaction that was begun for it, where it has not run.
  void let_go() noexcept { execution_.let_go(); }

  /// Gives the attempt that this thread makes next, if there is one to be had now.  Asked once at most, when
  /// the task has returned.
  using Successor = std::function<Attempt*()>;

  /// The transaction of the successor may begin in the message that commits this one, where both are on one
  /// database: a round trip less.
  Settlement run(const Successor& successor);

 private:
  const Malformed* read();
  Settlement run_task(const detail::TaskEntry& task, const Successor& successor);
  /// What claims the job in a transaction of this database; null where that is not what is to be done with
  /// it.
  detail::Riders* claim_ahead(Database& database);

  Settlement settle_failure(const detail::TaskEntry& task, Failure failure);
  void tell_put_off(const Failure& failure, const std::string& reason) const;
  /// Whether the jobs of this one's database are to stand aside, and this one with them.
  bool is_away(const detail::TaskEntry& task, Failure::Outage outage, const std::string& reason);
  Settlement wait_for_a_deploy(std::string_view why);
  Settlement aside_or_put_off();
  Settlement bury(DeadLetter::Cause cause, const std::string& reason, int attempt);

  std::chrono::system_clock::time_point now() const;
  double milliseconds_since_start() const;  ///< to a tenth

  AttemptContext& context_;
  const Fetched fetched_;
  JobEnding ending_{fetched_, context_.worker, context_.locked, context_.home};
  std::optional<Malformed> malformed_{};  // once the payload has been read, this
  std::optional<Envelope> job_{};         // or this
  std::chrono::steady_clock::time_point started_{};
  Execution execution_;
};

}  // namespace aftercommit::worker
