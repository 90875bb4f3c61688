#include "worker/run/attempt.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "broker/envelope/trace_field.hpp"
#include "client/app/app_core.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/log/log_text.hpp"
#include "worker/run/burial.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

/// Why a job dies whose retry_for has passed.
std::string too_late(std::string why, const Envelope& job) {
  if (!job.errors.empty()) why += "; the last error: " + job.errors.back().error;
  return why;
}

}  // namespace

std::optional<Settlement> Attempt::run() {
  started_ = std::chrono::steady_clock::now();
  if (const auto* malformed = read()) return settle_unreadable(context_, fetched_, *malformed, now());
  if (const auto trace = trace_of(*job_)) trace_.emplace(trace->child());
  if (const auto hold = context_.gate.hold(*candidate_)) return held_back(*hold);
  job_->unknown_since.reset();
  const bool is_flow = candidate_->task->is_flow;
  if (is_dying(*job_) && !(is_flow && job_->undo)) return buried_with_hook();
  if (job_->retry_until && now() >= *job_->retry_until) {
    const auto why = too_late(rules().too_late(now(), {}), *job_);
    // It finds out whether there is anything to undo.
    return dies(DeadLetter::Cause::kRetriesExhausted, why, is_flow && !is_dying(*job_));
  }
  try {
    body_ = candidate_->task->bind(job_->args);
  } catch (const std::exception& error) {
    return bury(DeadLetter::Cause::kMalformed, detail::what_of(error), job_->attempt);
  } catch (...) {  // by a conversion of the application's own
    return bury(DeadLetter::Cause::kMalformed,
                "an argument does not convert: what was thrown is no std::exception", job_->attempt);
  }
  context_.events.tell(JobStarted{
      .job = *job_, .attempt = job_->counted_attempt(), .queue = fetched_.queue, .entry = fetched_.entry});
  auto failure = execution_.run({.candidate = *candidate_,
                                 .queue = fetched_.queue,
                                 .claim = *claim_,
                                 .body = body_,
                                 .limits = limits_.any() ? &limits_ : nullptr,
                                 .flow = candidate_->task->is_flow ? &*job_ : nullptr});
  if (execution_.is_at_commit()) return std::nullopt;
  return ended(std::move(failure));
}

Settlement Attempt::finish(detail::Riders* next) { return ended(execution_.finish(next)); }

/// Null if the job can be read.
const Malformed* Attempt::read() {
  if (!candidate_ && !malformed_) {
    auto decoded = decode(fetched_.payload, context_.app.options().payload_limit);
    if (auto* job = std::get_if<Envelope>(&decoded)) {
      job_ = std::move(*job);
      const auto candidate = candidate_of(context_.app, *job_, fetched_.entry);
      claim_.emplace(*job_, candidate.database);
      if (context_.gate.limits().any() && candidate.task != nullptr) find_limits(*candidate.task);
      ending_.found(*job_, claim_.get());
      candidate_.emplace(candidate);
    } else {
      malformed_ = std::move(std::get<Malformed>(decoded));
    }
  }
  return malformed_ ? &*malformed_ : nullptr;
}

void Attempt::find_limits(const detail::TaskEntry& task) {
  auto* const claim = claim_.get();
  limits_ = context_.gate.limits().of(*job_, task, claim != nullptr ? claim->database() : nullptr);
  if (claim != nullptr && !limits_.places.empty())
    claim->limit_to(detail::places_of(for_database(limits_.places)));
}

detail::Riders* Attempt::begin_ahead(const Database& database) {
  if (read() != nullptr || candidate_->database != &database || context_.gate.hold(*candidate_))
    return nullptr;
  if (is_dying(*job_) || job_->retry_until || limits_.any()) return nullptr;  // it may not run at all
  if (candidate_->task->is_flow) return nullptr;                              // it begins with a step
  return candidate_->task->options.transactional ? &execution_.begin_ahead(*claim_) : nullptr;
}

Settlement Attempt::held_back(Hold hold) {
  switch (hold) {
    case Hold::kWrongHome:
    case Hold::kNoLease:
    case Hold::kPaused:
      context_.events.tell(JobGivenBack{.job = *job_, .why = hold});
      return ending_.given_back();
    case Hold::kCancelled:
      let_others_in(limits_.places.size());
      return ending_.cancelled();
    case Hold::kExpired:
      let_others_in(limits_.places.size());
      context_.events.tell(JobExpired{.job = *job_});
      return ending_.dropped();
    case Hold::kUnknownTask:
      return wait_for_a_deploy("this worker knows no such task");
    case Hold::kNoBody:
      return wait_for_a_deploy("the task is declared, but has no body in this worker");
    case Hold::kLimited:
      context_.gate.wake();
      if (auto aside = context_.gate.aside(fetched_, *candidate_)) return *std::move(aside);
      return context_.gate.in_line(fetched_, *job_,
                                   limits_.places.empty() ? limits_.rates.front() : limits_.places.front());
    case Hold::kUnknownDatabase:
    case Hold::kDatabaseAway:
      break;
  }
  return aside_or_put_off();
}

Settlement Attempt::ended(std::optional<Failure> failure) {
  body_ = nullptr;
  if (limits_.any()) give_up_places(failure);
  if (failure) return settle_failure(*failure);
  context_.interrupted.forget(job_->id);
  context_.events.tell(JobDone{
      .job = *job_, .queue = fetched_.queue, .attempt = job_->counted_attempt(), .started = started_});
  return ending_.done();
}

/// Once its transaction has ended.  Those before the full one it has had for a moment, in which others may
/// have come in vain.
void Attempt::give_up_places(const std::optional<Failure>& failure) {
  auto had = limits_.places.size();
  if (failure && failure->kind == Failure::Kind::kLimited) {
    const auto full = std::ranges::find(limits_.places, failure->full->line, &JobLimits::One::line);
    had = full == limits_.places.end() ? 0 : static_cast<std::size_t>(full - limits_.places.begin());
  }
  let_others_in(had);
}

void Attempt::let_others_in(std::size_t places) {
  context_.gate.limits().freed(fetched_.queue, std::span{limits_.places}.first(places));
}

/// It has come in vain, and used up nothing.
Settlement Attempt::limited(const Failure& failure) {
  if (failure.turn) {  // a time of its own
    auto next = *job_;
    next.limited_since = next.limited_since.value_or(now());
    next.limit_turn = failure.turn;
    return ending_.again(next, 0, failure.countdown.value_or(milliseconds{0}));
  }
  context_.gate.wake();
  context_.gate.limits().refused(*failure.full);
  return context_.gate.in_line(fetched_, *job_, *failure.full);
}

Settlement Attempt::settle_failure(const Failure& failure) {
  if (failure.kind == Failure::Kind::kNotOurs) return ending_.not_ours();
  if (failure.kind == Failure::Kind::kLimited) return limited(failure);
  if (failure.kind == Failure::Kind::kParked) return parked(failure);
  if (failure.kind == Failure::Kind::kBrokeOut) {  // not again: that might be a second effect
    return ending_.buried_for_good(*job_, DeadLetter::Cause::kRejected, failure.reason, now());
  }
  if (execution_.was_cancelled() || context_.cancels.contains(job_->id)) return ending_.cancelled();
  if (context_.stop) {
    context_.events.tell(JobGivenBack{.job = *job_, .reason = reason_of(failure)});
    return ending_.given_back();
  }
  if (failure.kind == Failure::Kind::kUnavailable) {
    tell_put_off(failure);
    return is_away(failure) ? aside_or_put_off() : ending_.put_off();
  }

  context_.interrupted.forget(job_->id);
  if (failure.kind == Failure::Kind::kUndone) return undone(*failure.undone);
  if (failure.kind == Failure::Kind::kSnooze) return snoozed(failure);
  const int attempt = job_->counted_attempt();
  add_error(*job_, {.attempt = attempt,
                    .at = now(),
                    .worker = context_.worker,
                    .error = failure.reason,
                    .type = failure.type,
                    .log = execution_.told_lines(kLogTextLimit)});
  if (failure.kind == Failure::Kind::kReject)
    return dies(DeadLetter::Cause::kRejected, failure.reason, failure.undoes);
  if (failure.kind == Failure::Kind::kNotRetried) {
    const auto error = failure.type.empty() ? "this error" : failure.type;
    return dies(DeadLetter::Cause::kRejected, "its task does not retry " + error + ": " + failure.reason,
                failure.undoes);
  }
  const auto rules = this->rules();
  if (attempt > failure.max_retries.value_or(rules.max_retries()) || job_->attempt >= kMaxAttempts)
    return dies(DeadLetter::Cause::kRetriesExhausted, failure.reason, failure.undoes);
  const auto countdown =
      failure.countdown ? milliseconds{countdown_ms(*failure.countdown)} : rules.wait(attempt);
  if (auto why = rules.too_late(now(), countdown); !why.empty())
    return dies(DeadLetter::Cause::kRetriesExhausted, too_late(std::move(why), *job_), failure.undoes);
  context_.events.tell(JobRetried{.job = *job_,
                                  .queue = fetched_.queue,
                                  .attempt = attempt,
                                  .countdown = countdown,
                                  .exception = failure.type,
                                  .reason = reason_of(failure)});
  return ending_.again(next_attempt(*job_, rules, now()), job_->attempt, countdown);
}

/// A flow that waits, as its row says by now.
Settlement Attempt::parked(const Failure& failure) {
  context_.interrupted.forget(job_->id);
  context_.events.tell(JobSnoozed{.job = *job_,
                                  .queue = fetched_.queue,
                                  .attempt = job_->counted_attempt(),
                                  .countdown = *failure.countdown,
                                  .reason = reason_of(failure)});
  return ending_.again(*job_, 0, *failure.countdown);
}

/// Its attempt counts nothing, but has a number of its own all the same: what is said late of the one before
/// must not be taken for this one's.
Settlement Attempt::snoozed(const Failure& failure) {
  const auto rules = this->rules();
  const milliseconds countdown{countdown_ms(failure.countdown.value_or(milliseconds{0}))};
  if (auto why = rules.too_late(now(), countdown); !why.empty())
    return dies(DeadLetter::Cause::kRetriesExhausted, too_late(std::move(why) + ": " + failure.reason, *job_),
                failure.undoes);
  if (job_->attempt >= kMaxAttempts) {
    return dies(DeadLetter::Cause::kRetriesExhausted,
                "it has been snoozed " + std::to_string(job_->snoozes) + " times: " + failure.reason,
                failure.undoes);
  }
  context_.events.tell(JobSnoozed{.job = *job_,
                                  .queue = fetched_.queue,
                                  .attempt = job_->counted_attempt(),
                                  .countdown = countdown,
                                  .reason = reason_of(failure)});
  auto next = next_attempt(*job_, rules, now());
  ++next.snoozes;
  return ending_.again(next, job_->attempt, countdown);
}

/// A dead letter: at once, or after the undos of a flow and the hook of its task, for each of which the job
/// is delivered once more.
Settlement Attempt::dies(DeadLetter::Cause cause, const std::string& reason, bool undoes) {
  if (!undoes && !candidate_->task->on_failure) return bury(cause, reason, job_->attempt);
  return ending_.again(dying(*job_, cause, reason, undoes), job_->attempt, milliseconds{0});
}

/// What the flow has failed of is what it dies of, with the attempts of then.
Settlement Attempt::undone(const detail::FlowFailure& failed) {
  if (is_dying(*job_)) {  // nothing was to be undone
    job_->snoozes = std::max(job_->attempt - 1 - failed.attempts, 0);
    return buried_with_hook();
  }
  job_->snoozes = std::max(job_->attempt - failed.attempts, 0);
  const auto why =
      failed.reason + "; what it had done is undone, and a retry does nothing: ask for another one";
  return dies(cause_of_death(failed.cause), why, false);
}

Settlement Attempt::buried_with_hook() {
  auto settlement =
      bury_with_hook(context_, running_, ending_,
                     {.candidate = *candidate_, .queue = fetched_.queue, .claim = *claim_}, now());
  execution_.end_all();  // that the hook may have left open
  return settlement;
}

/// A run that had begun will do again what its task does elsewhere: said of each, but for the first that a
/// server leaves without a word, as when it is away, which the gate tells.
void Attempt::tell_put_off(const Failure& failure) const {
  using Why = JobPutOff::Why;
  const int left = failure.runs_left.value_or(Interruptions::kMost);
  const bool cut_short = failure.told_why || left + 1 < Interruptions::kMost;
  context_.events.tell(JobPutOff{.job = *job_,
                                 .queue = fetched_.queue,
                                 .why = cut_short ? Why::kCutShort : Why::kDatabaseAway,
                                 .reason = reason_of(failure),
                                 .runs_left = left});
}

/// Whether the jobs of this one's database are to stand aside, and this one with them.
bool Attempt::is_away(const Failure& failure) const {
  auto* const database = candidate_->database;
  if (failure.outage == Failure::Outage::kNone || database == nullptr) return false;
  if (failure.outage == Failure::Outage::kLikely)
    return context_.gate.failed(*database, for_log(failure.reason, job_->args));
  context_.gate.ask(*database);
  return !context_.gate.serves(*database);
}

Settlement Attempt::wait_for_a_deploy(std::string_view why) {
  // The time of another worker, whose clock may be ahead, or of another producer.
  job_->unknown_since = std::min(job_->unknown_since.value_or(now()), now());
  if (now() - *job_->unknown_since >= context_.unknown_task_grace) {
    return bury(DeadLetter::Cause::kUnknownTask,
                "task '" + job_->task + "': " + std::string{why} + ", nor did any other for " +
                    std::to_string(context_.unknown_task_grace.count() / 1000) + " s",
                job_->attempt);
  }
  return aside_or_put_off();
}

/// It has met what keeps it from running: the next ones are not to get as far.
Settlement Attempt::aside_or_put_off() {
  context_.gate.wake();
  auto aside = context_.gate.aside(fetched_, *candidate_);
  if (aside) return *std::move(aside);
  return job_->unknown_since ? ending_.again(*job_, 0, context_.locked.put_off(job_->id)) : ending_.put_off();
}

Settlement Attempt::bury(DeadLetter::Cause cause, const std::string& reason, int attempt) {
  if (!is_dying(*job_)) return ending_.buried(&*job_, attempt, cause, reason, now());
  const auto died = as_it_died(*job_);
  return ending_.buried(&died, attempt, cause, reason, now());
}

std::chrono::system_clock::time_point Attempt::now() const {
  return std::chrono::time_point_cast<milliseconds>(context_.app.core().clock().now());
}

}  // namespace aftercommit::worker
