#include "worker/run/burial.hpp"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "aftercommit/database.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/job.hpp"
#include "base/log/log_context.hpp"
#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/session.hpp"
#include "worker/log/caught.hpp"
#include "worker/run/execution.hpp"
#include "worker/run/retry_rules.hpp"
#include "worker/watch/crash_watch.hpp"
#include "worker/watch/fork_watch.hpp"

namespace aftercommit::worker {
namespace {

using Kept = JobEnding::Kept;

/// While it lives the thread's transaction is to be had from outside; ended before its block.
class Entered {
 public:
  Entered(RunningJob& running, Atomic& block) : running_{running} { running_.enter(block); }
  ~Entered() { running_.leave(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  RunningJob& running_;  // not owned, outlives this
};

class Burial {
 public:
  Burial(AttemptContext& context, RunningJob& running, const Dying& dying,
         std::chrono::system_clock::time_point now)
      : context_{context}, running_{running}, dying_{dying}, now_{now} {}

  const Envelope& died() const { return died_; }

  Kept write(const JobEnding::Letter& letter) {
    if (!dying_.claim.may_run()) return Kept::kNowhere;
    try {
      const auto kept = in_transaction(letter);
      context_.interrupted.forget(job().id);
      return kept;
    } catch (const std::exception& error) {
      // Else it is put off, and the hook called again.  It waits for a database that is away as a body does.
      const bool away = !called_ && dynamic_cast<const DatabaseUnavailable*>(&error) != nullptr;
      if (context_.stop || away || context_.interrupted.note(job().id) > 0) throw;
      context_.interrupted.forget(job().id);
      note(error);
      return dying_.claim.bury(job().attempt, letter());
    }
  }

 private:
  const Envelope& job() const { return dying_.candidate.job; }
  const detail::TaskEntry& task() const { return *dying_.candidate.task; }

  /// The job's own, else that of its task, so that the hook has a transaction; null: there is none.
  Database* database() const {
    if (dying_.claim.database() != nullptr) return dying_.claim.database();
    try {
      return &context_.app.core().database_or_default(task().options.database);
    } catch (const ConfigError&) {
      return nullptr;
    }
  }

  Kept in_transaction(const JobEnding::Letter& letter) {
    auto* const home = database();
    if (home == nullptr) {
      call_noting_errors(nullptr);
      return Kept::kInBroker;
    }
    if (job().durable) {
      Atomic block{*home};
      const Entered entered{running_, block};
      call_within(block, *home);
      const auto kept = dying_.claim.bury(job().attempt, letter());
      if (kept == Kept::kInDatabase) commit(block);  // else what the hook did goes as well
      return kept;
    }
    // The job is the broker's, which cannot commit with the hook: so the ledger remembers that this has run.
    Envelope mark{.id = JobId::parse(job().death_id).value_or(job().id)};
    detail::LedgerClaim once{mark, home};
    Atomic block{*home, once.begin()};
    if (once.is_ours()) {
      {
        const Entered entered{running_, block};
        call_within(block, *home);
      }
      // Not seen from outside: with its commit the broker has still to hear that the job is dead.
      commit(block);
      fail_point("worker.after_hook");
    } else if (once.standing().kind != detail::Claim::Standing::Kind::kGone) {
      throw DatabaseUnavailable{"another worker has the job right now"};
    }
    return Kept::kInBroker;
  }

  /// In a savepoint: what the hook has done is undone where it throws, and the job still buried.
  void call_within(Atomic& block, Database& home) {
    try {
      home.atomic([&](Transaction& transaction) { call(&transaction); });
    } catch (const std::exception& error) {
      // Nobody's fault: all of it once more.
      const bool lost = block.transaction().session().lost();
      if (lost || context_.stop || detail::sqlstate_of(error).starts_with("40")) throw;
      note(error);
    } catch (...) {
      note_other();
    }
    running_.progress.enter(Phase::kCommitting);
  }

  void call_noting_errors(Transaction* transaction) {
    try {
      call(transaction);
    } catch (const std::exception& error) {
      note(error);
    } catch (...) {
      note_other();
    }
  }

  void call(Transaction* transaction) {
    auto info = info_of(dying_.candidate, dying_.queue);
    info.attempt = died_.counted_attempt();
    const FailedJob failure{.cause = job().death_cause,
                            .reason = job().death_reason,
                            .error_type = job().errors.empty() ? "" : job().errors.back().type,
                            .attempts = died_.counted_attempt()};
    const LoggedJob logged{.id = info.id, .task = info.task, .attempt = info.attempt};
    const LogOfJob lines{logged};
    Job handed{info, transaction, context_.stop};
    running_.progress.enter(Phase::kTask);
    const FileWatch files{};
    const ForkWatch children;
    called_ = true;
    task().on_failure(handed, failure, job().args);
  }

  void commit(Atomic& block) {
    try {
      block.commit();
    } catch (const std::exception& error) {
      if (!block.committed()) throw;
      const auto why = detail::what_of(error);
      context_.events.tell(JobTroubleAfterCommit{.job = job(), .reason = {.text = why, .args = &job().args}});
    }
  }

  void note(const std::exception& error) { note(detail::what_of(error), type_of_caught()); }
  void note_other() { note("what it threw is no std::exception", type_of_caught()); }
  void note(const std::string& why, std::string type) {
    context_.events.tell(JobHookFailed{.job = job(), .reason = {.text = why, .args = &job().args}});
    add_error(died_, {.attempt = died_.counted_attempt(),
                      .at = now_,
                      .worker = context_.worker,
                      .error = "its on_failure hook failed: " + why,
                      .type = std::move(type)});
  }

  AttemptContext& context_;
  RunningJob& running_;
  const Dying dying_;
  const std::chrono::system_clock::time_point now_;
  Envelope died_{as_it_died(job())};
  bool called_ = false;  // the hook has been
};

}  // namespace

Settlement bury_with_hook(AttemptContext& context, RunningJob& running, const JobEnding& ending,
                          const Dying& dying, std::chrono::system_clock::time_point now) {
  const auto& job = dying.candidate.job;
  const auto cause = cause_of_death(job);
  if (!dying.candidate.task->on_failure) {  // it had one when the job died
    const auto died = as_it_died(job);
    return ending.buried(&died, job.attempt, cause, job.death_reason, now);
  }
  Burial burial{context, running, dying, now};
  return ending.buried_by(&burial.died(), cause, job.death_reason, now,
                          [&](const JobEnding::Letter& letter) { return burial.write(letter); });
}

}  // namespace aftercommit::worker
