#include "worker/attempt.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <random>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "broker/fail_point.hpp"
#include "client/app_core.hpp"
#include "client/error_text.hpp"
#include "client/job_table.hpp"
#include "client/ledger.hpp"
#include "client/pqxx_compat.hpp"
#include "client/session.hpp"
#include "worker/crash_watch.hpp"
#include "worker/log_text.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

/// A serialization failure or deadlock is nobody's fault: the transaction simply runs again, this often at
/// most.
constexpr int kConflictReruns = 5;
/// While no worker knows the task, a job waits this long before it is looked at again.
constexpr milliseconds kLookAgain{2000};

double random_share() {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_real_distribution<>{}(random);
}

bool is_conflict(const std::exception& error) {
  const auto sqlstate = detail::sqlstate_of(error);
  return sqlstate == "40001" || sqlstate == "40P01";
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

}  // namespace

Settlement Attempt::run(const Successor& successor) {
  started_ = std::chrono::steady_clock::now();
  if (successor) successor_ = &successor;
  if (const auto* malformed = read()) {
    return ending_.buried(nullptr, 0, DeadLetter::Cause::kMalformed, malformed->reason, now());
  }
  ending_.found(*job_, nullptr);
  if (job_->durable) {
    try {
      home_ = &find_home();
    } catch (const ConfigError& error) {
      context_.outages.met(job_->database, error.what());
      return ending_.put_off();
    }
    ending_.found(*job_, home_);
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
  return run_task(*task);
}

void Attempt::let_go() noexcept {
  const auto* const database = std::exchange(claimed_ahead_in_, nullptr);
  if (database == nullptr) return;
  if (auto* session = detail::Session::find(*database->core())) session->drop_ahead();
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

Settlement Attempt::run_task(const detail::TaskEntry& task) {
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
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"attempt", std::to_string(job_->attempt)}});
  }
  if (auto failure = execute(task, body)) return settle_failure(task, std::move(*failure));
  context_.interrupted.forget(job_->id);
  if (logs(LogLevel::kInfo)) {
    log(LogLevel::kInfo, "job done",
        {{"job_id", job_->id.str()},
         {"task", job_->task},
         {"attempt", std::to_string(job_->attempt)},
         {"ms", milliseconds_since_start()}});
  }
  return ending_.done();
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
  using Kind = Failure::Kind;
  const JobInfo info{.id = job_->id,
                     .task = job_->task,
                     .queue = fetched_.queue,
                     .attempt = job_->attempt,
                     .max_retries = job_->max_retries.value_or(task.options.max_retries),
                     .enqueued_at = job_->enqueued_at};
  std::optional<Atomic> block;
  detail::Session* session = nullptr;  // of this thread: outlives the block
  const auto fail = [&](Kind kind, std::string reason,
                        std::optional<milliseconds> countdown = {}) -> std::optional<Failure> {
    running_.leave();
    if (block && block->committed()) {
      // A hook failed, or a job could not be sent: the task itself has taken effect, and must not run again.
      log(LogLevel::kError, "after the commit of a job: " + for_log(reason, job_->args),
          {{"job_id", job_->id.str()}, {"task", job_->task}});
      return std::nullopt;
    }
    block.reset();  // rolls back before anybody hears of the failure
    return Failure{kind, std::move(reason), countdown};
  };

  if (task.options.transactional) {
    try {
      auto& database = database_for(task);
      if (!std::exchange(claimed_ahead_in_, nullptr)) guard_.emplace(database.core()->statements, *job_);
      block.emplace(database, guard_->riders());
      session = &block->transaction().session();
    } catch (const ConfigError& error) {
      return fail(Kind::kError, error.what());
    } catch (const std::exception& error) {  // nothing of the task has run
      conflict = is_conflict(error);
      return fail(Kind::kUnavailable, error.what());
    }
    if (!guard_->claim()) return fail(Kind::kNotOurs, {});
    context_.outages.over(session->database().alias());
    fail_point("worker.after_begin");
  }
  try {
    Job job{info, block ? &block->transaction() : nullptr, context_.stop};
    const auto run_body = [&] {
      const FileWatch watch;
      body(job);
    };
    if (!block) return execute_bare(run_body);
    running_.enter(*block);
    run_body();
    fail_point("worker.after_run");
    if (end_manual_mode()) {
      return fail(Kind::kError,
                  "the task left a database in manual transaction management; what it had not committed is "
                  "rolled back");
    }
    let_successor_begin(*session);
    std::optional<FileWatch> watch_of_hooks;
    if (session->has_hooks()) watch_of_hooks.emplace();
    block->commit();
    watch_of_hooks.reset();
    fail_point("worker.after_commit");
    if (!block->committed()) {
      return fail(Kind::kError,
                  "the task returned, but had its transaction rolled back; throw Retry or Reject instead");
    }
    running_.leave();
    return std::nullopt;
  } catch (const Retry& retry) {
    return fail(Kind::kRetry, retry.what(), retry.countdown);
  } catch (const Reject& reject) {
    return fail(Kind::kReject, reject.what());
  } catch (const std::exception& error) {
    if (detail::EffectGuard::is_broken_out(error)) {
      return fail(
          Kind::kBrokeOut,
          "the task has ended the transaction that its job runs in by itself (COMMIT, ROLLBACK or PREPARE "
          "TRANSACTION, hidden from the library); what it had done before stands as that left it");
    }
    conflict = block && !block->committed() && is_conflict(error);
    const bool in_doubt = block && !block->committed() && guard_->riders().next != nullptr;
    if (in_doubt && has_taken_effect(session->database())) {  // what failed is the beginning of the next
      conflict = false;
      running_.leave();
      return std::nullopt;
    }
    const bool lost = session != nullptr && session->lost();
    const bool outage = (lost || is_outage(error)) && context_.interrupted.note(job_->id);
    return fail(outage ? Kind::kUnavailable : Kind::kError, error.what());
  } catch (...) {
    return fail(Kind::kError, "the task threw something that is no std::exception");
  }
}

std::optional<Attempt::Failure> Attempt::execute_bare(const std::function<void()>& body) {
  using Kind = Failure::Kind;
  if (home_ != nullptr) {
    const auto row = detail::JobTable{*home_}.find(job_->id);
    if (!row || row->attempt != job_->attempt) return Failure{Kind::kNotOurs, {}};
  }
  body();
  if (end_manual_mode()) {
    return Failure{Kind::kError,
                   "the task left a database in manual transaction management; what it had not committed is "
                   "rolled back"};
  }
  if (home_ != nullptr) detail::JobTable{*home_}.finish(job_->id, job_->attempt);
  return std::nullopt;
}

/// Where something waits for the commit it comes first: it may take long, and use the database itself.
void Attempt::let_successor_begin(const detail::Session& session) {
  if (successor_ == nullptr || session.has_hooks()) return;
  if (auto* successor = (*std::exchange(successor_, nullptr))()) {
    guard_->riders().next = successor->claim_ahead(session.database());
  }
}

detail::Riders* Attempt::claim_ahead(Database& database) {
  if (read() != nullptr || (job_->expires_at && *job_->expires_at < now())) return nullptr;
  const auto* task = context_.app.core().find_task(job_->task);
  if (task == nullptr || !task->bind || !task->options.transactional) return nullptr;
  try {
    if (job_->durable) home_ = &find_home();
    if (&database_for(*task) != &database) return nullptr;
  } catch (const ConfigError&) {
    return nullptr;  // run() tells of it
  }
  claimed_ahead_in_ = &database;
  return &guard_.emplace(database.core()->statements, *job_).riders();
}

bool Attempt::has_taken_effect(Database& database) const noexcept {
  try {
    return job_->durable ? !detail::JobTable{database}.find(job_->id)
                         : detail::is_in_ledger(database, job_->id);
  } catch (const std::exception&) {
    return false;  // the next delivery finds out
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

Database& Attempt::find_home() const {
  return job_->database.empty() ? context_.app.core().default_database()
                                : context_.app.database(job_->database);
}

Database& Attempt::database_for(const detail::TaskEntry& task) const {
  if (home_ != nullptr) return *home_;  // its row and its effect are one transaction
  const std::string& alias = !job_->database.empty() ? job_->database : task.options.database;
  return alias.empty() ? context_.app.core().default_database() : context_.app.database(alias);
}

Settlement Attempt::settle_failure(const detail::TaskEntry& task, Failure failure) {
  const auto reason = for_log(failure.reason, job_->args);
  if (failure.kind == Failure::Kind::kNotOurs)
    return ending_.not_ours(home_ != nullptr ? *home_ : database_for(task));
  if (failure.kind == Failure::Kind::kBrokeOut) {  // not again: that might be a second effect
    return ending_.buried_for_good(*job_, DeadLetter::Cause::kRejected, failure.reason, now());
  }
  if (context_.stop) {
    log(LogLevel::kWarning, "job given back: the worker is stopping",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
    return ending_.given_back();
  }
  if (failure.kind == Failure::Kind::kUnavailable) {
    const auto& alias = task.options.transactional ? database_for(task).alias() : job_->database;
    context_.outages.met(alias, reason);
    log(LogLevel::kDebug, "job put off: its database does not serve, which uses up no retry",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", reason}});
    return ending_.put_off();
  }

  context_.interrupted.forget(job_->id);
  const int attempt = job_->attempt;
  add_error(*job_, {.attempt = attempt, .at = now(), .worker = context_.worker, .error = failure.reason});
  if (failure.kind == Failure::Kind::kReject)
    return bury(DeadLetter::Cause::kRejected, failure.reason, attempt);
  const int max_retries = std::min(job_->max_retries.value_or(task.options.max_retries), kMaxAttempts - 1);
  if (attempt > max_retries) return bury(DeadLetter::Cause::kRetriesExhausted, failure.reason, attempt);
  const auto backoff = job_->backoff.value_or(task.options.backoff);
  const auto countdown = failure.countdown ? std::max(*failure.countdown, milliseconds{0})
                                           : backoff.wait(attempt, random_share());
  log(LogLevel::kWarning, "job failed, and will be retried",
      {{"job_id", job_->id.str()},
       {"task", job_->task},
       {"attempt", std::to_string(attempt)},
       {"countdown_ms", std::to_string(countdown.count())},
       {"error", reason}});
  auto next = *job_;
  ++next.attempt;
  return ending_.again(next, attempt, countdown);
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
  const std::lock_guard lock{context_.unknown_mutex};
  if (context_.unknown_reported.insert(job_->task).second) {
    log(LogLevel::kWarning, "job put back: " + std::string{why} + "; said once for each task",
        {{"job_id", job_->id.str()}, {"task", job_->task}});
  }
  return ending_.again(*job_, 0, kLookAgain);
}

Settlement Attempt::bury(DeadLetter::Cause cause, const std::string& reason, int attempt) {
  return ending_.buried(&*job_, attempt, cause, reason, now());
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
