#include "worker/run/execution.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/log/log_context.hpp"
#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/ledger.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/session.hpp"
#include "worker/log/caught.hpp"
#include "worker/log/log_text.hpp"
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
bool has_taken_effect(Database& database, const Envelope& job, const Queue& queue, Home& home) noexcept {
  try {
    if (!job.durable) return detail::is_in_ledger(database, job.id);
    const auto look = detail::JobTable{database}.look_for(job.id);
    return !look.row && home.vouches_for(look.home, queue);
  } catch (const std::exception&) {
    return false;  // the next delivery finds out
  }
}

/// What the end of a session says of its database.
Failure::Outage outage_of(const std::optional<detail::LastWords>& loss) {
  if (loss && loss->of_this_session()) return Failure::Outage::kNone;
  return loss && loss->of_an_administrator() ? Failure::Outage::kPerhaps : Failure::Outage::kLikely;
}

JobInfo info_of(const Execution::Work& work) {
  return {.id = work.job.id,
          .task = work.job.task,
          .queue = work.queue,
          .attempt = work.job.attempt,
          .max_retries = work.job.max_retries.value_or(work.task.options.max_retries),
          .enqueued_at = work.job.enqueued_at};
}

}  // namespace

std::optional<Failure> Execution::run(const Work& work) {
  const LoggedJob logged{.id = work.job.id, .task = work.job.task, .attempt = work.job.attempt};
  const LogOfJob lines_of_the_task{logged};
  for (int reruns = 0;; ++reruns) {
    auto failure = run_once(work);
    end_what_is_left(nullptr);  // whatever the body threw, or a hook did
    if (!failure || !failure->conflict || reruns == kConflictReruns || context_.stop) return failure;
    log(LogLevel::kDebug, "transaction conflict; running the job again at once",
        {{"job_id", work.job.id.str()}, {"task", work.job.task}});
  }
}

std::optional<Failure> Execution::run_once(const Work& work) {
  std::optional<Atomic> block;
  detail::Session* session = nullptr;  // of this thread: outlives the block
  std::optional<Failure> failure;
  forget_losses();
  try {
    if (work.task.options.transactional) {
      failure = begin(work, block);
      if (!failure) {
        session = &block->transaction().session();
        failure = run_in(*block, *session, work);
      }
    } else {
      failure = run_bare(work);
    }
  } catch (const Retry& retry) {
    failure = Failure{Kind::kRetry, retry.what(), retry.countdown, false, type_of_caught()};
  } catch (const Reject& reject) {
    failure = Failure{Kind::kReject, reject.what(), {}, false, type_of_caught()};
  } catch (const std::exception& error) {
    failure = explain(error, work, block, session);
  } catch (...) {
    failure = Failure{
        Kind::kError, "the task threw something that is no std::exception", {}, false, type_of_caught()};
  }
  running_.leave();
  if (failure && block && block->committed()) {
    // A hook failed, or a job could not be sent: the task itself has taken effect, and must not run again.
    log(LogLevel::kError, "after the commit of a job: " + for_log(failure->reason, work.job.args),
        {{"job_id", work.job.id.str()}, {"task", work.job.task}});
    return std::nullopt;
  }
  return failure;  // the block rolls back before anybody hears of it
}

std::optional<Failure> Execution::begin(const Work& work, std::optional<Atomic>& block) {
  try {
    auto& database = context_.database_for(work.job, work.task);
    if (!std::exchange(claimed_ahead_in_, nullptr)) guard_.emplace(database.core()->statements, work.job);
    const RunningJob::Claim claim{running_, database};
    block.emplace(database, guard_->riders());
  } catch (const ConfigError& error) {
    return Failure{Kind::kError, error.what()};
  } catch (const UsageError& error) {
    return Failure{Kind::kError, error.what()};
  } catch (const std::exception& error) {  // nothing of the task has run
    const bool conflict = is_conflict(error);
    return Failure{.kind = Kind::kUnavailable,
                   .reason = std::string{detail::what_of(error)},
                   .conflict = conflict,
                   .outage = conflict ? Failure::Outage::kNone : Failure::Outage::kLikely};
  }
  if (!guard_->claim()) return Failure{Kind::kNotOurs};
  context_.locked.forget(work.job.id);
  fail_point("worker.after_begin");
  return std::nullopt;
}

std::optional<Failure> Execution::run_in(Atomic& block, detail::Session& session, const Work& work) {
  const auto info = info_of(work);
  Job job{info, &block.transaction(), context_.stop};  // for the hooks as well
  running_.enter(block);
  {
    const FileWatch watch;
    const ForkWatch children;
    work.body(job);
  }
  running_.progress.enter(Phase::kCommitting);
  fail_point("worker.after_run");
  if (const auto wrong = end_what_is_left(&session)) return Failure{Kind::kError, std::string{*wrong}};
  let_next_begin(work, session);
  {
    std::optional<FileWatch> watch_of_hooks;
    std::optional<ForkWatch> children;
    std::optional<RunningJob::Claim> commits;  // hooks may take any time
    if (session.has_hooks()) {
      watch_of_hooks.emplace();
      children.emplace();
    } else {
      commits.emplace(running_, session.database());
    }
    block.commit();
  }
  fail_point("worker.after_commit");
  if (!block.committed()) {
    return Failure{Kind::kError,
                   "the task returned, but had its transaction rolled back; throw Retry or Reject instead"};
  }
  return std::nullopt;
}

/// Without a transaction.
std::optional<Failure> Execution::run_bare(const Work& work) {
  Database* const home = work.job.durable ? &context_.home_of(work.job) : nullptr;
  if (home != nullptr) {
    const RunningJob::Claim claim{running_, *home};
    const auto row = detail::JobTable{*home}.find(work.job.id);
    if (!row || row->attempt != work.job.attempt) return Failure{Kind::kNotOurs};
  }
  const auto info = info_of(work);
  Job job{info, nullptr, context_.stop};
  {
    constexpr std::chrono::microseconds kTooQuickForHarm{10};  // the quickest jobs would notice it
    running_.progress.enter(Phase::kTask);
    const FileWatch watch{kTooQuickForHarm};
    const ForkWatch children;
    work.body(job);
  }
  running_.progress.enter(Phase::kCommitting);
  if (const auto wrong = end_what_is_left(nullptr)) return Failure{Kind::kError, std::string{*wrong}};
  if (home != nullptr) detail::JobTable{*home}.finish(work.job.id, work.job.attempt);
  return std::nullopt;
}

/// Where something waits for the commit it comes first: it may take long, and use the database itself.
void Execution::let_next_begin(const Work& work, const detail::Session& session) {
  if (session.has_hooks() || std::exchange(asked_for_next_, true)) return;
  guard_->riders().next = work.claim_next(session.database());
}

detail::Riders& Execution::claim_ahead(const Envelope& job, Database& database) {
  claimed_ahead_in_ = &database;
  return guard_.emplace(database.core()->statements, job).riders();
}

void Execution::let_go() noexcept {
  const auto* const database = std::exchange(claimed_ahead_in_, nullptr);
  if (database == nullptr) return;
  auto* const session = detail::Session::find(*database->core());
  if (session == nullptr) return;
  if (!context_.gate.serves(*database)) session->sever();  // else ROLLBACK might wait long
  session->drop_ahead();
}

std::optional<Failure> Execution::explain(const std::exception& error, const Work& work,
                                          const std::optional<Atomic>& block,
                                          const detail::Session* session) {
  if (detail::EffectGuard::is_broken_out(error)) {
    return Failure{
        Kind::kBrokeOut,
        "the task has ended the transaction that its job runs in by itself (COMMIT, ROLLBACK or PREPARE "
        "TRANSACTION, hidden from the library); what it had done before stands as that left it"};
  }
  const auto loss = find_loss(session);  // before a look that uses the session
  const auto own_loss = session != nullptr ? session->loss() : loss;
  const bool lost = session != nullptr && (session->lost() || own_loss);
  const bool uncommitted = block && !block->committed();
  // Committed all the same, if what failed was only the beginning of the next.
  const bool in_doubt = uncommitted && guard_->riders().next != nullptr;
  if (in_doubt && has_taken_effect(session->database(), work.job, work.queue, context_.home))
    return std::nullopt;
  Failure failure{.kind = Kind::kError,
                  .reason = std::string{detail::what_of(error)},
                  .conflict = uncommitted && is_conflict(error),
                  .type = type_of_caught()};
  if (!lost && !is_outage(error)) return failure;
  failure.told_why = loss && !loss->text.empty();
  if (failure.told_why && failure.reason.find(loss->text) == std::string::npos)
    failure.reason = "its session was lost: " + loss->text + "; then: " + failure.reason;
  const int left = context_.interrupted.note(work.job.id);
  if (left == 0) return failure;
  failure.kind = Kind::kUnavailable;
  failure.runs_left = left;
  const bool of_its_database =
      session == nullptr || lost || in_doubt || dynamic_cast<const CommitInDoubt*>(&error) != nullptr;
  if (of_its_database) failure.outage = outage_of(own_loss);
  return failure;
}

std::optional<detail::LastWords> Execution::find_loss(const detail::Session* own) const {
  if (own != nullptr && own->loss()) return own->loss();
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
    } else if (session->in_atomic_block()) {
      wrong = kLeftABlock;
    } else {
      continue;
    }
    session->end_all();
  }
  return wrong;
}

}  // namespace aftercommit::worker
