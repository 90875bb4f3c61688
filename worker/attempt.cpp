#include "worker/attempt.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <random>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app_core.hpp"
#include "client/pqxx_compat.hpp"
#include "client/session.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

/// A serialization failure or deadlock is nobody's fault: the transaction simply runs again, this often at
/// most.
constexpr int kConflictReruns = 5;
/// While the database is away, or no worker knows the task, a job waits this long before it is looked at
/// again.
constexpr milliseconds kLookAgain{2000};

double random_share() {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_real_distribution<>{}(random);
}

bool is_conflict(const std::exception& error) {
  const auto sqlstate = detail::sqlstate_of(error);
  return sqlstate == "40001" || sqlstate == "40P01";
}

/// Masks the texts and numbers among a job's arguments, at all levels: the errors of PostgreSQL and of tasks
/// like to quote them.
void mask_arguments(std::string& text, const nlohmann::json& args) {
  constexpr std::size_t kShortest = 4;  // less is no secret, and would mask half of any sentence
  constexpr std::string_view kMask = "***";
  for (const auto& arg : args) {
    if (arg.is_structured()) mask_arguments(text, arg);
    if (!arg.is_string() && !arg.is_number()) continue;
    const auto value = arg.is_string() ? arg.get<std::string>() : arg.dump();
    if (value.size() < kShortest) continue;
    for (auto at = text.find(value); at != text.npos; at = text.find(value, at + kMask.size())) {
      text.replace(at, value.size(), kMask);
    }
  }
}

}  // namespace

Settlement Attempt::run() {
  started_ = std::chrono::steady_clock::now();
  auto decoded = decode(fetched_.payload, context_.app.options().payload_limit);
  if (const auto* malformed = std::get_if<Malformed>(&decoded)) {
    return bury(DeadLetter::Cause::kMalformed, malformed->reason);
  }
  job_ = std::move(std::get<Envelope>(decoded));

  if (job_->expires_at && *job_->expires_at < now()) {
    log(LogLevel::kWarning, "job expired before it started, and was dropped",
        {{"job_id", job_->id.str()}, {"task", job_->task}});
    return ack();
  }
  const auto* task = context_.app.core().find_task(job_->task);
  if (task == nullptr) return wait_for_a_deploy("this worker knows no such task");
  if (!task->bind) return wait_for_a_deploy("the task is declared, but has no body in this worker");
  job_->unknown_since.reset();
  return run_task(*task);
}

Settlement Attempt::run_task(const detail::TaskEntry& task) {
  std::function<void(Job&)> body;
  try {
    body = task.bind(job_->args);
  } catch (const std::exception& error) {
    return bury(DeadLetter::Cause::kMalformed, error.what());
  } catch (...) {  // by a conversion of the application's own
    return bury(DeadLetter::Cause::kMalformed,
                "an argument does not convert: what was thrown is no std::exception");
  }
  log(LogLevel::kDebug, "job started",
      {{"job_id", job_->id.str()}, {"task", job_->task}, {"attempt", std::to_string(job_->attempt)}});
  if (auto failure = execute(task, body)) return settle_failure(task, std::move(*failure));
  log(LogLevel::kInfo, "job done",
      {{"job_id", job_->id.str()},
       {"task", job_->task},
       {"attempt", std::to_string(job_->attempt)},
       {"ms", milliseconds_since_start()}});
  return ack();
}

std::optional<Attempt::Failure> Attempt::execute(const detail::TaskEntry& task,
                                                 const std::function<void(Job&)>& body) {
  for (int reruns = 0;; ++reruns) {
    bool conflict = false;
    auto failure = execute_once(task, body, conflict);
    end_manual_mode();  // whatever the body threw, or a hook did
    if (!conflict || reruns == kConflictReruns || context_.stop) return failure;
    log(LogLevel::kDebug, "transaction conflict; running the job again at once",
        {{"job_id", job_->id.str()}, {"task", job_->task}});
  }
}

std::optional<Attempt::Failure> Attempt::execute_once(const detail::TaskEntry& task,
                                                      const std::function<void(Job&)>& body, bool& conflict) {
  std::optional<Atomic> block;
  const auto fail = [&](Failure::Kind kind, std::string reason,
                        std::optional<milliseconds> countdown = {}) -> std::optional<Failure> {
    running_.leave();
    if (block && block->committed()) {
      // A hook failed, or a job could not be sent: the task itself has taken effect, and must not run again.
      log(LogLevel::kError, "after the commit of a job: " + for_log(reason),
          {{"job_id", job_->id.str()}, {"task", job_->task}});
      return std::nullopt;
    }
    block.reset();  // rolls back before anybody hears of the failure
    return Failure{kind, std::move(reason), countdown};
  };

  try {
    if (task.options.transactional) {
      try {
        block.emplace(database_for(task));
      } catch (const DatabaseUnavailable& error) {
        return fail(Failure::Kind::kNoDatabase, error.what());
      }
    }
    const JobInfo info{.id = job_->id,
                       .task = job_->task,
                       .queue = fetched_.queue,
                       .attempt = job_->attempt,
                       .max_retries = job_->max_retries.value_or(task.options.max_retries),
                       .enqueued_at = job_->enqueued_at};
    Job job{info, block ? &block->transaction() : nullptr, context_.stop};
    if (block) running_.enter(*block);
    body(job);
    if (end_manual_mode()) {
      return fail(Failure::Kind::kError,
                  "the task left a database in manual transaction management; what it had not committed is "
                  "rolled back");
    }
    if (block) {
      block->commit();
      if (!block->committed()) {
        return fail(Failure::Kind::kError,
                    "the task returned, but had its transaction rolled back; throw Retry or Reject instead");
      }
    }
    running_.leave();
    return std::nullopt;
  } catch (const Retry& retry) {
    return fail(Failure::Kind::kRetry, retry.what(), retry.countdown);
  } catch (const Reject& reject) {
    return fail(Failure::Kind::kReject, reject.what());
  } catch (const std::exception& error) {
    conflict = block && !block->committed() && is_conflict(error);
    return fail(Failure::Kind::kError, error.what());
  } catch (...) {
    return fail(Failure::Kind::kError, "the task threw something that is no std::exception");
  }
}

bool Attempt::end_manual_mode() const noexcept {
  bool ended = false;
  for (const auto& [alias, database] : context_.app.core().databases()) {
    auto* session = detail::Session::find(*database->core());
    if (session == nullptr || session->get_autocommit()) continue;
    session->leave_manual_mode(true);
    ended = true;
  }
  return ended;
}

Database& Attempt::database_for(const detail::TaskEntry& task) const {
  const std::string& alias = !job_->database.empty() ? job_->database : task.options.database;
  return alias.empty() ? context_.app.core().default_database() : context_.app.database(alias);
}

Settlement Attempt::settle_failure(const detail::TaskEntry& task, Failure failure) {
  const auto reason = for_log(failure.reason);
  if (context_.stop) {
    log(LogLevel::kWarning, "job given back: the worker is stopping",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
    return {.kind = Settlement::Kind::kRelease,
            .queue = fetched_.queue,
            .entry = fetched_.entry,
            .payload = fetched_.payload};
  }
  if (failure.kind == Failure::Kind::kNoDatabase) {
    log(LogLevel::kWarning, "job put off: its database is not available, which uses up no retry",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
    return retry(kLookAgain);
  }

  add_error(*job_,
            {.attempt = job_->attempt, .at = now(), .worker = context_.worker, .error = failure.reason});
  if (failure.kind == Failure::Kind::kReject) return bury(DeadLetter::Cause::kRejected, failure.reason);
  const int max_retries = std::min(job_->max_retries.value_or(task.options.max_retries), kMaxAttempts - 1);
  if (job_->attempt > max_retries) {
    return bury(DeadLetter::Cause::kRetriesExhausted, failure.reason);
  }
  const auto backoff = job_->backoff.value_or(task.options.backoff);
  const auto countdown = failure.countdown ? std::max(*failure.countdown, milliseconds{0})
                                           : backoff.wait(job_->attempt, random_share());
  log(LogLevel::kWarning, "job failed, and will be retried",
      {{"job_id", job_->id.str()},
       {"task", job_->task},
       {"attempt", std::to_string(job_->attempt)},
       {"countdown_ms", std::to_string(countdown.count())},
       {"error", reason}});
  ++job_->attempt;
  return retry(countdown);
}

Settlement Attempt::wait_for_a_deploy(std::string_view why) {
  // The time of another worker, whose clock may be ahead, or of another producer.
  job_->unknown_since = std::min(job_->unknown_since.value_or(now()), now());
  if (now() - *job_->unknown_since >= context_.unknown_task_grace) {
    return bury(DeadLetter::Cause::kUnknownTask,
                "task '" + job_->task + "': " + std::string{why} + ", nor did any other for " +
                    std::to_string(context_.unknown_task_grace.count() / 1000) + " s");
  }
  const std::lock_guard lock{context_.unknown_mutex};
  if (context_.unknown_reported.insert(job_->task).second) {
    log(LogLevel::kWarning, "job put back: " + std::string{why} + "; said once for each task",
        {{"job_id", job_->id.str()}, {"task", job_->task}});
  }
  return retry(kLookAgain);
}

Settlement Attempt::ack() const {
  return {.kind = Settlement::Kind::kAck, .queue = fetched_.queue, .entry = fetched_.entry};
}

Settlement Attempt::retry(milliseconds countdown) const {
  return {.kind = Settlement::Kind::kRetry,
          .queue = fetched_.queue,
          .entry = fetched_.entry,
          .payload = encode(*job_),
          .countdown = countdown};
}

Settlement Attempt::bury(DeadLetter::Cause cause, const std::string& reason) const {
  log(LogLevel::kError, "job buried as a dead letter",
      {{"job_id", job_ ? job_->id.str() : "unknown"},
       {"task", job_ ? job_->task : "unknown"},
       {"queue", fetched_.queue},
       {"cause", std::string{to_string(cause)}},
       {"reason", for_log(reason)}});
  const DeadLetter letter{.cause = cause,
                          .reason = clean_text(reason),
                          .worker = context_.worker,
                          .at = now(),
                          .entry = fetched_.entry,
                          .raw = fetched_.payload,
                          .job = job_};
  return {.kind = Settlement::Kind::kBury,
          .queue = fetched_.queue,
          .entry = fetched_.entry,
          .payload = encode(letter)};
}

std::string Attempt::for_log(std::string_view reason) const {
  std::string text{reason.substr(0, 4 * kErrorTextLimit)};
  if (job_) mask_arguments(text, job_->args);
  return clean_text(text.substr(0, text.find('\n')));
}

std::chrono::system_clock::time_point Attempt::now() const {
  return std::chrono::time_point_cast<milliseconds>(context_.app.core().clock().now());
}

std::string Attempt::milliseconds_since_start() const {
  const auto elapsed = std::chrono::steady_clock::now() - started_;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  const auto tenths = (micros + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace aftercommit::worker
