#include "worker/run/attempt.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/epoch_ms.hpp"
#include "client/app/app_core.hpp"
#include "worker/log/log_text.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

double random_share() {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_real_distribution<>{}(random);
}

}  // namespace

Settlement Attempt::run(const Successor& successor) {
  started_ = std::chrono::steady_clock::now();
  if (const auto* malformed = read()) {
    return settle_unreadable(context_, fetched_, *malformed, now());
  }
  ending_.found(*job_, nullptr);
  if (!context_.home.right()) return ending_.given_back();  // it may belong to another database
  if (context_.gate.watchful()) {
    if (auto aside = context_.gate.aside(fetched_, *job_)) return *std::move(aside);
  }
  if (job_->durable) {
    try {
      ending_.found(*job_, &context_.home_of(*job_));
    } catch (const ConfigError&) {
      return aside_or_put_off();
    }
    // Silent for too long: others may have it by now.  They need not, so it goes back instead of being
    // forgotten.
    if (!context_.lease.held()) return ending_.given_back();
  }

  if (job_->expires_at && *job_->expires_at < now()) {
    log(LogLevel::kWarning, "job expired before it started, and was dropped",
        {{"job_id", job_->id.str()}, {"task", job_->task}});
    return ending_.dropped();
  }
  const auto* task = context_.app.core().find_task(job_->task);
  if (task == nullptr) return wait_for_a_deploy("this worker knows no such task");
  if (!task->bind) return wait_for_a_deploy("the task is declared, but has no body in this worker");
  job_->unknown_since.reset();
  if (!job_->durable && !job_->database.empty() && task->options.transactional) {
    try {
      context_.database_for(*job_, *task);
    } catch (const ConfigError&) {
      return aside_or_put_off();
    }
  }
  return run_task(*task, successor);
}

/// Null if the job can be read.
const Malformed* Attempt::read() {
  if (!job_ && !malformed_) {
    auto decoded = decode(fetched_.payload, context_.app.options().payload_limit);
    if (auto* job = std::get_if<Envelope>(&decoded)) {
      job_ = std::move(*job);
    } else {
      malformed_ = std::move(std::get<Malformed>(decoded));
    }
  }
  return malformed_ ? &*malformed_ : nullptr;
}

Settlement Attempt::run_task(const detail::TaskEntry& task, const Successor& successor) {
  std::function<void(Job&)> body;
  try {
    body = task.bind(job_->args);
  } catch (const std::exception& error) {
    return bury(DeadLetter::Cause::kMalformed, error.what(), job_->attempt);
  } catch (...) {  // by a conversion of the application's own
    return bury(DeadLetter::Cause::kMalformed,
                "an argument does not convert: what was thrown is no std::exception", job_->attempt);
  }
  if (logs(LogLevel::kDebug)) {
    log(LogLevel::kDebug, "job started",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"attempt", job_->attempt}});
  }
  const Execution::ClaimNext claim_next = [&](Database& database) -> detail::Riders* {
    auto* const next = successor();
    return next != nullptr ? next->claim_ahead(database) : nullptr;
  };
  if (auto failure = execution_.run(
          {.job = *job_, .queue = fetched_.queue, .task = task, .body = body, .claim_next = claim_next})) {
    return settle_failure(task, std::move(*failure));
  }
  context_.interrupted.forget(job_->id);
  if (logs(LogLevel::kInfo)) {
    log(LogLevel::kInfo, "job done",
        {{"job_id", job_->id.str()},
         {"task", job_->task},
         {"queue", fetched_.queue},
         {"attempt", job_->attempt},
         {"ms", milliseconds_since_start()}});
  }
  return ending_.done();
}

detail::Riders* Attempt::claim_ahead(Database& database) {
  if (read() != nullptr || (job_->expires_at && *job_->expires_at < now())) return nullptr;
  const auto* task = context_.app.core().find_task(job_->task);
  if (task == nullptr || !task->bind || !task->options.transactional) return nullptr;
  try {
    if (&context_.database_for(*job_, *task) != &database) return nullptr;
  } catch (const ConfigError&) {
    return nullptr;  // run() tells of it
  }
  return &execution_.claim_ahead(*job_, database);
}

Settlement Attempt::settle_failure(const detail::TaskEntry& task, Failure failure) {
  const auto reason = for_log(failure.reason, job_->args);
  if (failure.kind == Failure::Kind::kNotOurs) return ending_.not_ours(context_.database_for(*job_, task));
  if (failure.kind == Failure::Kind::kBrokeOut) {  // not again: that might be a second effect
    return ending_.buried_for_good(*job_, DeadLetter::Cause::kRejected, failure.reason, now());
  }
  if (context_.stop) {
    log(LogLevel::kWarning, "job given back: the worker is stopping",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
    return ending_.given_back();
  }
  if (failure.kind == Failure::Kind::kUnavailable) {
    tell_put_off(failure, reason);
    return is_away(task, failure.outage, reason) ? aside_or_put_off() : ending_.put_off();
  }

  context_.interrupted.forget(job_->id);
  const int attempt = job_->attempt;
  add_error(*job_, {.attempt = attempt,
                    .at = now(),
                    .worker = context_.worker,
                    .error = failure.reason,
                    .type = failure.type});
  if (failure.kind == Failure::Kind::kReject)
    return bury(DeadLetter::Cause::kRejected, failure.reason, attempt);
  const int max_retries = std::min(job_->max_retries.value_or(task.options.max_retries), kMaxAttempts - 1);
  if (attempt > max_retries) return bury(DeadLetter::Cause::kRetriesExhausted, failure.reason, attempt);
  const auto backoff = job_->backoff.value_or(task.options.backoff);
  const auto countdown = failure.countdown ? milliseconds{countdown_ms(*failure.countdown)}
                                           : backoff.wait(attempt, random_share());
  log(LogLevel::kWarning, "job failed, and will be retried",
      {{"job_id", job_->id.str()},
       {"task", job_->task},
       {"queue", fetched_.queue},
       {"attempt", attempt},
       {"countdown_ms", countdown.count()},
       {"exception", failure.type.empty() ? "none" : failure.type},
       {"error", reason}});
  auto next = *job_;
  ++next.attempt;
  return ending_.again(next, attempt, countdown);
}

/// A run that had begun will do again what its task does elsewhere: said once for each, but for the first
/// that a server leaves without a word, as when it is away, which the gate tells.
void Attempt::tell_put_off(const Failure& failure, const std::string& reason) const {
  const int left = failure.runs_left.value_or(Interruptions::kMost);
  if (failure.told_why || left + 1 < Interruptions::kMost) {
    log(LogLevel::kWarning,
        "job put off: its run was cut short by a database, which uses up no retry while such runs are left",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"runs_left", left}, {"error", reason}});
  } else {
    log(LogLevel::kDebug, "job put off: its database does not serve, which uses up no retry",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
  }
}

bool Attempt::is_away(const detail::TaskEntry& task, Failure::Outage outage, const std::string& reason) {
  if (outage == Failure::Outage::kNone || (!task.options.transactional && !job_->durable)) return false;
  auto& database = task.options.transactional ? context_.database_for(*job_, task) : context_.home_of(*job_);
  if (outage == Failure::Outage::kLikely) return context_.gate.failed(database, reason);
  context_.gate.ask(database);
  return !context_.gate.serves(database);
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
  auto aside = context_.gate.aside(fetched_, *job_);
  if (aside) return *std::move(aside);
  return job_->unknown_since ? ending_.again(*job_, 0, context_.locked.put_off(job_->id)) : ending_.put_off();
}

Settlement Attempt::bury(DeadLetter::Cause cause, const std::string& reason, int attempt) {
  return ending_.buried(&*job_, attempt, cause, reason, now());
}

std::chrono::system_clock::time_point Attempt::now() const {
  return std::chrono::time_point_cast<milliseconds>(context_.app.core().clock().now());
}

double Attempt::milliseconds_since_start() const {
  const auto elapsed = std::chrono::steady_clock::now() - started_;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  return static_cast<double>((micros + 50) / 100) / 10;
}

}  // namespace aftercommit::worker
