/// The run of a flow: what a job that is one does otherwise than others.
#include <exception>
#include <utility>

#include "aftercommit/cancel.hpp"
#include "aftercommit/error.hpp"
#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/postgres/error_text.hpp"
#include "client/transaction/session.hpp"
#include "worker/run/execution.hpp"
#include "worker/run/retry_rules.hpp"

namespace aftercommit::worker {

/// Step by step, each in a transaction of its own; what is left for the job's is its end.
std::optional<Failure> Execution::run_flow() {
  if (auto failure = take_up_flow()) return failure;
  running_.progress.enter(Phase::kTask);
  call_body(nullptr, {});
  running_.progress.enter(Phase::kCommitting);
  if (const auto wrong = end_what_is_left(nullptr))
    return Failure{Failure::Kind::kError, std::string{*wrong}};
  if (flow_->not_ours()) return Failure{Failure::Kind::kNotOurs};
  if (const auto* const failed = flow_->undone())
    return Failure{.kind = Failure::Kind::kUndone, .reason = failed->reason, .undone = *failed};
  if (const auto& parked = flow_->parked()) {
    return Failure{.kind = Failure::Kind::kParked, .reason = parked->why, .countdown = parked->due_in};
  }
  work_->claim.do_step(std::nullopt);
  if (auto failure = begin()) return failure;
  running_.enter(*block_);
  running_.progress.enter(Phase::kCommitting);
  fail_point("flow.before_end");
  work_->claim.riders().with_commit.add(detail::end_rider(*session_, job()));
  tell_flow();
  return std::nullopt;
}

/// Its time limits hold for each step.
void Execution::begin_step() {
  if (const auto why = running_.body->end()) std::rethrow_exception(why);
  if (context_.cancels.contains(job().id)) throw CancelRequested{"the flow was cancelled"};
  body_began_.reset();
  begin_limits();
}

/// What it has done so far.
std::optional<Failure> Execution::take_up_flow() {
  auto& claim = work_->claim;
  if (!job().durable) {
    return Failure{Failure::Kind::kReject,
                   "a flow is a durable job, whose row it goes on from, and this one has none"};
  }
  try {
    if (claim.database() == nullptr)
      context_.app.core().database_or_default(*work_->candidate.alias);  // throws: this worker has none
    if (!context_.results.flows_are_in(*claim.database())) {
      return Failure{.kind = Failure::Kind::kUnavailable,
                     .reason = "the tables of its database are too old to keep what a flow does"};
    }
    flow_.emplace(FlowRun::Work{.job = *work_->flow,
                                .claim = claim,
                                .running = running_,
                                .events = context_.events,
                                .stop = context_.stop,
                                .test_clock = context_.app.options().clock,
                                .value_limit = context_.app.options().payload_limit,
                                .next_step = [this] { begin_step(); }});
    return std::nullopt;
  } catch (const ConfigError& error) {
    return Failure{Failure::Kind::kError, error.what()};
  } catch (const UsageError& error) {
    return Failure{Failure::Kind::kError, error.what()};
  } catch (const std::exception& error) {  // nothing of the flow has run
    return Failure{.kind = Failure::Kind::kUnavailable,
                   .reason = detail::what_of(error),
                   .outage = Failure::Outage::kLikely};
  }
}

/// However it has failed, by an error, a time limit or Retry, whose own words come first.  Code that does not
/// go with what the flow has done undoes nothing: the right code goes on with it.
void Execution::as_flow_says(Failure& failure) const {
  using Kind = Failure::Kind;
  const bool failed = failure.kind == Kind::kError || failure.kind == Kind::kRetry ||
                      failure.kind == Kind::kReject || failure.kind == Kind::kNotRetried;
  if (failed) failure.reason = flow_->explained(failure.reason);
  failure.undoes = !failure.of_code && flow_->is_to_be_undone();
  const auto* const options = flow_->failed_step();
  if (options == nullptr) return;
  if (failure.kind != Failure::Kind::kError && failure.kind != Failure::Kind::kRetry) return;
  if (!failure.max_retries) failure.max_retries = options->max_retries;
  if (!failure.countdown && options->backoff)
    failure.countdown = wait_of(*options->backoff, job().counted_attempt());
}

/// With the commit of its job, where a flow waits for that.
void Execution::tell_flow() {
  if (job().flow.empty()) return;
  const auto& returned = notes_->returned();
  auto value = returned ? std::optional{returned->json} : std::nullopt;
  if (flow_) value = flow_->returned();
  work_->claim.riders().with_commit.add(detail::tell_flow_rider(*session_, job().id, value));
}

}  // namespace aftercommit::worker
