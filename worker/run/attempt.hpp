/// One attempt at one job, from the text that was fetched to how it is settled.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/trace.hpp"
#include "broker/contract/intake.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/claim_forms.hpp"
#include "worker/limits/job_limits.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/run/execution.hpp"
#include "worker/run/job_ending.hpp"
#include "worker/run/retry_rules.hpp"

namespace aftercommit::worker {

/// Runs a job to its settlement.  Never throws for what a job or its task does.
class Attempt {
 public:
  /// `context` and `running` are not owned, and outlive this.
  Attempt(AttemptContext& context, Fetched job, RunningJob& running)
      : context_{context}, running_{running}, fetched_{std::move(job)}, execution_{context, running} {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  const Fetched& job() const noexcept { return fetched_; }

  /// Runs it as far as the COMMIT of its transaction: then nothing, and finish() is to follow.  Else how it
  /// is settled: it has no transaction, or did not get so far.
  std::optional<Settlement> run();
  /// At its COMMIT: the database in the message of which the transaction of another attempt may begin; null:
  /// none may.
  Database* takes_along() const noexcept { return execution_.takes_along(); }
  /// Commits.  `next`: what begins the transaction of the attempt that this thread makes next, on the same
  /// database, which takes no round trip there; null: nothing.
  Settlement finish(detail::Riders* next);

  /// Before run(): what begins the transaction of this one in a message to that database; null where it has
  /// none there, or something holds the job back.
  detail::Riders* begin_ahead(const Database& database);
  /// Gives up the transaction that is open for it.
  void let_go() noexcept { execution_.let_go(); }

 private:
  const Malformed* read();
  Settlement held_back(Hold hold);
  void find_limits(const detail::TaskEntry& task);
  void give_up_places(const std::optional<Failure>& failure);
  void let_others_in(std::size_t places);
  Settlement limited(const Failure& failure);
  Settlement ended(std::optional<Failure> failure);
  Settlement settle_failure(const Failure& failure);
  Settlement snoozed(const Failure& failure);
  Settlement parked(const Failure& failure);
  Settlement dies(DeadLetter::Cause cause, const std::string& reason, bool undoes);
  Settlement undone(const detail::FlowFailure& failed);
  Settlement buried_with_hook();
  void tell_put_off(const Failure& failure) const;
  bool is_away(const Failure& failure) const;
  Settlement wait_for_a_deploy(std::string_view why);
  Settlement aside_or_put_off();
  Settlement bury(DeadLetter::Cause cause, const std::string& reason, int attempt);

  RetryRules rules() const { return {*job_, &candidate_->task->options}; }
  Reason reason_of(const Failure& failure) const { return {.text = failure.reason, .args = &job_->args}; }
  std::chrono::system_clock::time_point now() const;

  AttemptContext& context_;
  RunningJob& running_;
  const Fetched fetched_;
  JobEnding ending_{fetched_,         context_.worker, context_.locked,
                    context_.cancels, context_.home,   context_.events};
  std::optional<Malformed> malformed_{};  // once the payload has been read, this
  std::optional<Envelope> job_{};         // or this, and the next
  std::optional<Candidate> candidate_{};
  detail::AnyClaim claim_{};
  JobLimits limits_{};  // where the app has any
  std::function<void(Job&)> body_{};
  std::optional<TraceScope> trace_{};  // from run() on: a span of its own, where the job is in a trace
  std::chrono::steady_clock::time_point started_{};
  Execution execution_;  // last: uses the others until it ends
};

}  // namespace aftercommit::worker
