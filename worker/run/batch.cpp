#include "worker/run/batch.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/claim_forms.hpp"
#include "worker/run/job_ending.hpp"
#include "worker/run/retry_rules.hpp"

namespace aftercommit::worker {
namespace {

bool is_among(const std::vector<JobId>& sorted, const JobId& job) {
  return std::ranges::binary_search(sorted, job);
}

/// Something is asked of it alone, or it has been in the way of others before.
bool needs_a_run_of_its_own(const Envelope& job, const detail::LimitRules& limits) {
  return (limits.any() && !limits.of(job.task, job.queue).empty()) || job.attempt > 1 || job.crashes > 0 ||
         job.unique || !job.flow.empty() || job.retry_until || job.time_limit || job.soft_time_limit ||
         is_dying(job);
}

}  // namespace

void BatchNotes::progress(std::int64_t /*done*/, std::int64_t /*total*/, std::string_view /*note*/) {
  throw UsageError{
      "a batch cannot tell its progress, which is that of one job: leave it out, or run the jobs of this "
      "task one by one"};
}

Batch::Outcome Batch::run() {
  Outcome outcome;
  gather(outcome);
  if (members_.size() < 2) {
    for (const auto& member : members_) outcome.alone.push_back(member.fetched);
    return outcome;
  }
  const auto failure = run_together();
  end(failure ? &*failure : nullptr, outcome);
  return outcome;
}

void Batch::gather(Outcome& outcome) {
  const auto limit = context_.app.options().payload_limit;
  for (const auto& fetched : jobs_) {
    auto decoded = decode(fetched.payload, limit);
    auto* const job = std::get_if<Envelope>(&decoded);
    switch (job != nullptr ? join(fetched, std::move(*job)) : Place::kAlone) {
      case Place::kHere:
        break;
      case Place::kAlone:
        outcome.alone.push_back(fetched);
        break;
      case Place::kElsewhere:
        outcome.rest.push_back(fetched);
        break;
    }
  }
}

Batch::Place Batch::join(const Fetched& fetched, Envelope&& job) {
  members_.push_back({fetched, std::move(job)});
  const auto candidate = candidate_of(context_.app, members_.back().job, members_.back().fetched.entry);
  auto place = place_of(candidate);
  if (place == Place::kHere) {
    try {
      if (!first_) calls_ = candidate.task->batch->make();
      calls_->add(info_of(candidate, fetched.queue), candidate.job.args);
      if (!first_) first_.emplace(candidate);
    } catch (...) {  // its arguments do not convert: its own attempt says so
      place = Place::kAlone;
    }
  }
  if (place == Place::kHere) {
    ids_.insert(candidate.job.id);
  } else {
    members_.pop_back();
  }
  return place;
}

Batch::Place Batch::place_of(const Candidate& candidate) const {
  const auto& job = candidate.job;
  if (candidate.task == nullptr || !candidate.task->batch || candidate.database == nullptr ||
      ids_.contains(job.id) || needs_a_run_of_its_own(job, context_.app.core().limits()) ||
      context_.interrupted.contains(job.id) || context_.failed_batches.had(job.id) ||
      context_.gate.hold(candidate))
    return Place::kAlone;
  if (!first_) return Place::kHere;
  const auto most =
      std::min(candidate.task->batch->most, job.durable ? kMostInBatch : detail::BatchClaim::kMostInLedger);
  // A middleware around the run sees one job, of whose headers it may make what holds for the transaction.
  const bool by_headers = !context_.app.core().middleware().run.empty();
  const bool alike = candidate.task == first_->task && candidate.database == first_->database &&
                     job.durable == first_->job.durable &&
                     (!by_headers || job.headers == first_->job.headers);
  return alike && members_.size() <= most ? Place::kHere : Place::kElsewhere;
}

std::optional<Failure> Batch::run_together() {
  std::vector<JobId> ids;
  for (const auto& member : members_) {
    ids.push_back(member.job.id);
    context_.events.tell(JobStarted{.job = member.job,
                                    .attempt = member.job.counted_attempt(),
                                    .queue = member.fetched.queue,
                                    .entry = member.fetched.entry});
  }
  claim_.emplace(first_->job, *first_->database, ids);
  const std::function<void(Job&)> body = [this](Job& job) { run_body(job); };
  const std::function<nlohmann::json()> args = [this] { return all_args(); };
  Execution execution{context_, running_};
  auto failure = execution.run({.candidate = *first_,
                                .queue = members_.front().fetched.queue,
                                .claim = *claim_,
                                .body = body,
                                .all_args = &args});
  if (execution.is_at_commit()) failure = execution.finish(nullptr);
  return failure;
}

/// In the transaction, for those that it has claimed.
void Batch::run_body(Job& job) {
  const auto claimed = claim_->claimed();
  const auto is_ours = [&](const JobId& id) { return is_among(claimed, id); };
  for (const auto& id : claimed) context_.locked.forget(id);
  running_.body->runs_with(claimed);
  const auto first =
      std::ranges::find_if(members_, is_ours, [](const Member& member) { return member.job.id; });
  job_.reset();
  info_.emplace(info_of(candidate_of(context_.app, first->job), first->fetched.queue));
  job_.emplace(*info_, &job.transaction(), context_.stop, &notes_, &running_.body->stop_requested());
  calls_->run(*job_, is_ours);
}

/// Null: all that were claimed have taken effect.
void Batch::end(const Failure* failure, Outcome& outcome) {
  using Kind = Failure::Kind;
  const bool broke_out = failure != nullptr && failure->kind == Kind::kBrokeOut;
  const bool go_alone = failure != nullptr && failure->kind != Kind::kNotOurs && !broke_out;
  if (go_alone) {
    for (const auto& member : members_) context_.failed_batches.note(member.job.id);
  }
  if (go_alone && !context_.stop) {
    const auto args = all_args();
    context_.events.tell(BatchFailed{.job = first_->job,
                                     .queue = members_.front().fetched.queue,
                                     .jobs = members_.size(),
                                     .unavailable = failure->kind == Kind::kUnavailable,
                                     .exception = failure->type,
                                     .reason = {.text = failure->reason, .args = &args}});
  }
  const auto claimed = failure == nullptr || broke_out ? claim_->claimed() : std::vector<JobId>{};
  for (const auto& member : members_) {
    if (!is_among(claimed, member.job.id)) {
      outcome.alone.push_back(member.fetched);
    } else if (broke_out) {
      outcome.settled.push_back(broken_out(member, *failure));
    } else {
      outcome.settled.push_back(done(member));
    }
  }
}

/// An error may quote what any of them was called with.
nlohmann::json Batch::all_args() const {
  auto all = nlohmann::json::array();
  for (const auto& member : members_) all.push_back(member.job.args);
  return all;
}

Settlement Batch::done(const Member& member) const {
  const auto& job = member.job;
  context_.interrupted.forget(job.id);
  context_.events.tell(JobDone{
      .job = job, .queue = member.fetched.queue, .attempt = job.counted_attempt(), .started = started_});
  return {.kind = Settlement::Kind::kAck,
          .queue = member.fetched.queue,
          .entry = member.fetched.entry,
          .durable = detail::id_for_broker(job)};
}

/// What the body had done by then stands, and may be the effect of any of them: none runs again.
Settlement Batch::broken_out(const Member& member, const Failure& failure) const {
  detail::AnyClaim claim{member.job, first_->database};
  JobEnding ending{member.fetched,   context_.worker, context_.locked,
                   context_.cancels, context_.home,   context_.events};
  ending.found(member.job, claim.get());
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(context_.app.core().clock().now());
  return ending.buried_for_good(member.job, DeadLetter::Cause::kRejected, failure.reason, now);
}

}  // namespace aftercommit::worker
