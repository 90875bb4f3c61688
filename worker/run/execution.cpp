#include "worker/run/execution.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "aftercommit/cancel.hpp"
#include "aftercommit/error.hpp"
#include "base/process/fail_point.hpp"
#include "broker/envelope/trace_field.hpp"
#include "client/app/app_core.hpp"
#include "client/app/middleware.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/results/result_rows.hpp"
#include "client/transaction/session.hpp"
#include "worker/log/caught.hpp"
#include "worker/run/job_ending.hpp"
#include "worker/watch/crash_watch.hpp"
#include "worker/watch/fork_watch.hpp"

namespace aftercommit::worker {
namespace {

using Kind = Failure::Kind;

/// A serialization failure or deadlock is nobody's fault: the transaction simply runs again, this often at
/// most.
constexpr int kConflictReruns = 5;

constexpr std::string_view kLeftInManualMode =
    "the task left a database in manual transaction management; what it had not committed is rolled back";
constexpr std::string_view kLeftABlock =
    "the task left an atomic block open, which is rolled back: an Atomic must not outlive the task";

bool is_conflict(const std::exception& error) {
  const auto sqlstate = detail::sqlstate_of(error);
  if (sqlstate == "40001" || sqlstate == "40P01") return true;
  // A function of the application's has dropped our plans unseen (DEALLOCATE ALL): they are made anew.
  return sqlstate == "26000" &&
         std::string_view{error.what()}.find("\"aftercommit_") != std::string_view::npos;
}

/// Not the task's fault: the server is stopping, has no connections left, or has trouble with its disk.
bool is_outage(const std::exception& error) {
  if (dynamic_cast<const DatabaseUnavailable*>(&error) != nullptr) return true;
  if (dynamic_cast<const CommitInDoubt*>(&error) != nullptr) return true;
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) return true;
  static const std::set<std::string, std::less<>> kCodes{"53100", "53300", "57P01",
                                                         "57P02", "57P03", "58030"};
  const auto sqlstate = detail::sqlstate_of(error);
  return sqlstate.starts_with("08") || kCodes.contains(sqlstate);
}

/// For when nobody knows whether the transaction has been committed.
bool has_taken_effect(const Execution::Work& work, Home& home) noexcept {
  try {
    return is_gone(work.claim.standing(), home, work.queue, work.candidate.entry);
  } catch (const std::exception&) {
    return false;  // the next delivery finds out
  }
}

/// What the end of a session says of its database.
Failure::Outage outage_of(const std::optional<detail::LastWords>& loss) {
  if (loss && loss->of_this_session()) return Failure::Outage::kNone;
  return loss && loss->of_an_administrator() ? Failure::Outage::kPerhaps : Failure::Outage::kLikely;
}

/// The call's before the task's before the worker's.
TimeLimits limits_of(const Execution::Work& work, const TimeLimits& of_worker) {
  const auto& job = work.candidate.job;
  const auto& options = work.candidate.task->options;
  const auto first = [](const auto& of_call, const auto& of_task, std::chrono::milliseconds otherwise) {
    return of_call ? *of_call : of_task.value_or(otherwise);
  };
  return {.soft = first(job.soft_time_limit, options.soft_time_limit, of_worker.soft),
          .hard = first(job.time_limit, options.time_limit, of_worker.hard)};
}

}  // namespace

JobInfo info_of(const Candidate& candidate, const Queue& queue) {
  const auto& job = candidate.job;
  return {.id = job.id,
          .task = job.task,
          .queue = queue,
          .attempt = job.counted_attempt(),
          .max_retries = job.max_retries.value_or(candidate.task->options.max_retries),
          .enqueued_at = job.enqueued_at,
          .tick = job.tick_at,
          .headers = job.headers,
          .trace = trace_of(job)};
}

std::optional<Failure> Execution::run(const Work& work) {
  work_.emplace(work);
  if (context_.history) work.claim.keep_history(context_.worker);
  logged_.emplace(LoggedJob{.id = job().id, .task = job().task, .attempt = job().counted_attempt()});
  lines_.emplace(*logged_);
  auto failure = work.limits != nullptr ? ask_limits() : std::nullopt;
  if (!failure) failure = run_body();
  while (goes_again(failure)) failure = run_body();
  if (!failure && !is_at_commit()) notes_->took_effect();
  if (!is_at_commit()) lines_.reset();
  return failure;
}

/// Where something waits for the commit it comes first: it may take long, and use the database itself.
Database* Execution::takes_along() const noexcept {
  return is_at_commit() && !session_->has_hooks() ? &session_->database() : nullptr;
}

std::optional<Failure> Execution::finish(detail::Riders* next) {
  work_->claim.riders().next = next;  // of this commit alone: another run begins without
  auto failure = commit();
  while (goes_again(failure)) {
    failure = run_body();
    if (is_at_commit()) failure = commit();
  }
  if (!failure) notes_->took_effect();
  lines_.reset();
  return failure;
}

bool Execution::goes_again(const std::optional<Failure>& failure) {
  if (!failure || !failure->conflict || reruns_ == kConflictReruns || context_.stop) return false;
  if (cancelled_ || context_.cancels.contains(job().id)) return false;
  ++reruns_;
  context_.events.tell(JobRerun{.job = job()});
  return true;
}

std::optional<Failure> Execution::run_body() {
  forget_losses();
  auto failure = step([&] {
    if (work_->flow != nullptr) return run_flow();
    return work_->candidate.task->options.transactional ? run_in_transaction() : run_bare();
  });
  if (failure && flow_) as_flow_says(*failure);
  flow_.reset();
  if (failure || !is_at_commit()) leave();
  return failure;
}

std::optional<Failure> Execution::commit() {
  auto failure = step([&]() -> std::optional<Failure> {
    {
      std::optional<FileWatch> watch_of_hooks;
      std::optional<ForkWatch> children;
      std::optional<RunningJob::Claim> commits;  // hooks may take any time
      if (session_->has_hooks()) {
        watch_of_hooks.emplace();
        children.emplace();
      } else {
        commits.emplace(running_, session_->database());
      }
      block_->commit();
    }
    fail_point("worker.after_commit");
    if (!block_->committed()) {
      return Failure{Kind::kError,
                     "the task returned, but had its transaction rolled back; throw Retry or Reject instead"};
    }
    return std::nullopt;
  });
  const bool committed = block_->committed();
  leave();
  if (failure && committed) {
    // A hook failed, or a job could not be sent: the task itself has taken effect, and must not run again.
    const auto args = work_->all_args != nullptr ? (*work_->all_args)() : job().args;
    context_.events.tell(
        JobTroubleAfterCommit{.job = job(), .reason = {.text = failure->reason, .args = &args}});
    failure.reset();
  }
  return failure;
}

/// A part of a run: what it throws is a failure of the job.
template <class Part>
std::optional<Failure> Execution::step(Part&& part) {
  try {
    return std::forward<Part>(part)();
  } catch (const Retry& retry) {
    return Failure{.kind = Kind::kRetry,
                   .reason = detail::what_of(retry),
                   .countdown = retry.countdown,
                   .type = type_of_caught(),
                   .max_retries = retry.max_retries};
  } catch (const Snooze& snooze) {
    return Failure{Kind::kSnooze, detail::what_of(snooze), snooze.countdown, false, type_of_caught()};
  } catch (const Reject& reject) {
    return Failure{Kind::kReject, detail::what_of(reject), {}, false, type_of_caught()};
  } catch (const FlowChanged& changed) {
    return Failure{
        .kind = Kind::kReject, .reason = detail::what_of(changed), .type = type_of_caught(), .of_code = true};
  } catch (const std::exception& error) {
    return as_options_say(explain(error));
  } catch (...) {
    return as_options_say(Failure{
        Kind::kError, "the task threw something that is no std::exception", {}, false, type_of_caught()});
  }
}

/// What has not been committed is rolled back before anybody hears of it.
void Execution::leave() noexcept {
  running_.leave();
  running_job_.reset();
  block_.reset();
  session_ = nullptr;
  end_what_is_left(nullptr);  // whatever the body threw, or a hook did
}

std::optional<Failure> Execution::begin() {
  auto& claim = work_->claim;
  try {
    if (claim.database() == nullptr)
      context_.app.core().database_or_default(*work_->candidate.alias);  // throws: this worker has none
    if (work_->candidate.task->options.result_ttl && !context_.results.are_in(*claim.database())) {
      return Failure{.kind = Kind::kUnavailable,
                     .reason = "the tables of its database are too old to keep what its task returns"};
    }
    if (std::exchange(begun_ahead_, nullptr) == nullptr) claim.begin();
    const RunningJob::Claim asks{running_, *claim.database()};
    block_.emplace(*claim.database(), claim.riders());
  } catch (const ConfigError& error) {
    return Failure{Kind::kError, error.what()};
  } catch (const UsageError& error) {
    return Failure{Kind::kError, error.what()};
  } catch (const std::exception& error) {  // nothing of the task has run
    const bool conflict = is_conflict(error);
    return Failure{.kind = Kind::kUnavailable,
                   .reason = detail::what_of(error),
                   .conflict = conflict,
                   .outage = conflict ? Failure::Outage::kNone : Failure::Outage::kLikely};
  }
  if (!claim.is_ours()) {
    if (const auto full = claim.full_limit())
      return Failure{.kind = Kind::kLimited, .full = &work_->limits->places.at(*full)};
    return Failure{Kind::kNotOurs};
  }
  session_ = &block_->transaction().session();
  context_.locked.forget(job().id);
  fail_point("worker.after_begin");
  return std::nullopt;
}

/// Once for an attempt, before its transaction, and whatever becomes of that.
std::optional<Failure> Execution::ask_limits() {
  const auto& limits = *work_->limits;
  auto* const database = work_->claim.database();
  if (database == nullptr || (!limits.places.empty() && !work_->candidate.task->options.transactional)) {
    const auto& name = (limits.places.empty() ? limits.rates : limits.places).front().limit->name;
    return Failure{Kind::kError, "its limit '" + name +
                                     "' cannot be kept for a task with transactional = false" +
                                     (database == nullptr ? " whose job is not durable" : "")};
  }
  try {
    const RunningJob::Claim asks{running_, *database};
    if (!context_.gate.limits().tables_are_in(*database)) {
      return Failure{.kind = Kind::kUnavailable,
                     .reason = "the tables of its database are too old to keep its limits"};
    }
    if (limits.rates.empty()) return std::nullopt;
    const auto token = detail::take_tokens(*database, for_database(limits.rates), job().limit_turn);
    if (token.granted) return std::nullopt;
    return Failure{.kind = Kind::kLimited,
                   .countdown = token.wait,
                   .full = &limits.rates.at(token.which),
                   .turn = token.turn};
  } catch (const std::exception& error) {  // nothing of the task has run
    return Failure{.kind = Kind::kUnavailable,
                   .reason = detail::what_of(error),
                   .outage = is_conflict(error) ? Failure::Outage::kNone : Failure::Outage::kLikely};
  }
}

std::optional<Failure> Execution::run_in_transaction() {
  if (auto failure = begin()) return failure;
  running_.enter(*block_);
  call_body(&block_->transaction(), {});
  running_.progress.enter(Phase::kCommitting);
  fail_point("worker.after_run");
  if (const auto wrong = end_what_is_left(session_)) return Failure{Kind::kError, std::string{*wrong}};
  if (const auto& value = notes_->returned()) {
    work_->claim.riders().with_commit.add(
        detail::result_rider(*session_, job().id, job().task, *value, notes_->lines()));
  }
  tell_flow();
  return std::nullopt;
}

std::optional<Failure> Execution::run_bare() {
  auto& claim = work_->claim;
  {
    std::optional<RunningJob::Claim> asks;
    if (claim.database() != nullptr) asks.emplace(running_, *claim.database());
    if (!claim.may_run()) return Failure{Kind::kNotOurs};
  }
  constexpr std::chrono::microseconds kTooQuickForHarm{10};  // the quickest jobs would notice it
  running_.progress.enter(Phase::kTask);
  call_body(nullptr, kTooQuickForHarm);
  running_.progress.enter(Phase::kCommitting);
  if (const auto wrong = end_what_is_left(nullptr)) return Failure{Kind::kError, std::string{*wrong}};
  if (job().flow.empty()) {
    claim.finish();
  } else {
    claim.database()->atomic([&] {
      if (claim.finish()) detail::tell_flow(*claim.database(), job().id);
    });
  }
  return std::nullopt;
}

void Execution::call_body(Transaction* transaction, std::chrono::microseconds harmless) {
  info_.emplace(info_of(work_->candidate, work_->queue));
  notes_.emplace(context_.progress, *info_, work_->claim.database());
  if (flow_) notes_->runs(*flow_);
  running_job_.emplace(*info_, transaction, context_.stop, &*notes_, &running_.body->stop_requested());
  const auto run = [&] {
    const FileWatch watch{harmless};
    const ForkWatch children;
    detail::run_within(context_.app.core().middleware().run, *running_job_, work_->body);
  };
  begin_limits();
  try {
    run();
  } catch (...) {
    cancelled_ = context_.cancels.contains(job().id);
    if (const auto why = running_.body->end()) std::rethrow_exception(why);
    if (context_.thrown) context_.thrown();
    throw;
  }
  if (const auto why = running_.body->end()) std::rethrow_exception(why);
}

/// They count from the first run of the attempt.
void Execution::begin_limits() {
  const auto limits = limits_of(*work_, context_.time_limits);
  const bool limited = limits.soft.count() > 0 || limits.hard.count() > 0;
  if (limited && !body_began_) body_began_ = RunningBody::Clock::now();
  const auto due = running_.body->begin(job().id, job().task, limits,
                                        body_began_.value_or(RunningBody::Clock::time_point{}));
  if (limited) context_.running.alarm().set(due);
}

detail::Riders& Execution::begin_ahead(detail::Claim& claim) {
  begun_ahead_ = &claim;
  return claim.begin();
}

void Execution::let_go() noexcept {
  if (is_at_commit()) leave();
  lines_.reset();
  auto* const claim = std::exchange(begun_ahead_, nullptr);
  if (claim == nullptr) return;
  auto& database = *claim->database();
  auto* const session = detail::Session::find(*database.core());
  if (session == nullptr) return;
  if (!context_.gate.serves(database)) session->sever();  // else ROLLBACK might wait long
  session->drop_ahead();
}

std::optional<Failure> Execution::explain(const std::exception& error) {
  if (detail::Claim::is_broken_out(error)) {
    return Failure{
        Kind::kBrokeOut,
        "the task has ended the transaction that its job runs in by itself (COMMIT, ROLLBACK or PREPARE "
        "TRANSACTION, hidden from the library); what it had done before stands as that left it"};
  }
  // Whatever became of its session, it was cut short by us.
  if (dynamic_cast<const TimeLimitExceeded*>(&error) != nullptr ||
      dynamic_cast<const CancelRequested*>(&error) != nullptr)
    return Failure{.kind = Kind::kError, .reason = detail::what_of(error), .type = type_of_caught()};
  const auto loss = find_loss();  // before a look that uses the session
  const auto own_loss = session_ != nullptr ? session_->loss() : loss;
  const bool lost = session_ != nullptr ? session_->lost() || own_loss : flow_ && own_loss;
  const bool uncommitted = block_ && !block_->committed();
  // Committed all the same, if what failed was only the beginning of the next.
  const bool in_doubt = uncommitted && work_->claim.riders().next != nullptr;
  if (in_doubt && has_taken_effect(*work_, context_.home)) return std::nullopt;
  Failure failure{.kind = Kind::kError,
                  .reason = detail::what_of(error),
                  .conflict = (uncommitted || flow_) && is_conflict(error),
                  .type = type_of_caught()};
  if (!lost && !is_outage(error)) return failure;
  failure.told_why = loss && !loss->text.empty();
  if (failure.told_why && failure.reason.find(loss->text) == std::string::npos)
    failure.reason = "its session was lost: " + loss->text + "; then: " + failure.reason;
  const int left = context_.interrupted.note(job().id);
  if (left == 0) return failure;
  failure.kind = Kind::kUnavailable;
  failure.runs_left = left;
  const bool of_its_database =
      session_ == nullptr || lost || in_doubt || dynamic_cast<const CommitInDoubt*>(&error) != nullptr;
  if (of_its_database) failure.outage = outage_of(own_loss);
  return failure;
}

/// Nobody's fault is a conflict with another transaction: it is retried unless its very type is named.
std::optional<Failure> Execution::as_options_say(std::optional<Failure> failure) const {
  const auto& options = work_->candidate.task->options;
  if (!failure || failure->kind != Kind::kError) return failure;
  const bool retried = !options.retry_on || failure->conflict || options.retry_on.match_caught();
  if (!retried || options.no_retry_on.match_caught()) failure->kind = Kind::kNotRetried;
  return failure;
}

std::optional<detail::LastWords> Execution::find_loss() const {
  if (session_ != nullptr && session_->loss()) return session_->loss();
  for (const auto& [alias, database] : context_.app.core().databases()) {
    const auto* const session = detail::Session::find(*database->core());
    if (session != nullptr && session->loss()) return session->loss();
  }
  return std::nullopt;
}

void Execution::forget_losses() const noexcept {
  for (const auto& [alias, database] : context_.app.core().databases()) {
    if (auto* const session = detail::Session::find(*database->core())) session->forget_loss();
  }
}

std::optional<std::string_view> Execution::end_what_is_left(const detail::Session* own) const noexcept {
  std::optional<std::string_view> wrong;
  for (const auto& [alias, database] : context_.app.core().databases()) {
    auto* const session = detail::Session::find(*database->core());
    if (session == nullptr || session == own) continue;
    if (!session->get_autocommit()) {
      wrong = kLeftInManualMode;
    } else if (session->in_block_of_code()) {
      wrong = kLeftABlock;
    } else {
      continue;
    }
    session->end_all();
  }
  return wrong;
}

}  // namespace aftercommit::worker
