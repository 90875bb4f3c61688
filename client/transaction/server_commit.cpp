/// How a transaction commits, and what is made of a COMMIT that failed.
#include <chrono>
#include <exception>
#include <pqxx/except>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/transaction/commit_message.hpp"
#include "client/transaction/doubtful_commit.hpp"
#include "client/transaction/durable_copy.hpp"
#include "client/transaction/read_only.hpp"
#include "client/transaction/server_transaction.hpp"

namespace aftercommit::detail {
namespace {

/// Within a handler of `error`, of the INSERT: what says that the set-up is wrong, or the transaction.  The
/// rest passes through, above all what another try may not meet again.
[[noreturn]] void throw_not_kept(const DatabaseCore& core, const std::exception& error,
                                 const std::string& jobs) {
  constexpr std::string_view kNoPrivilege = "42501";
  const auto code = sqlstate_of(error);
  const auto what = "cannot keep " + jobs + " on " + core.name() + ": ";
  if (code == kReadOnlyTransaction) {
    throw UsageError{
        what +
        "a statement has made the transaction read-only, and a durable job is a row of it; rolled "
        "back. Ask for the job in another transaction, or choose delivery on commit"};
  }
  const auto& schema = core.options.schema;
  if (code == kNoPrivilege) {
    throw ConfigError{what + first_line(error) + "; rolled back. GRANT this role USAGE on the schema '" +
                      schema + "' and INSERT on its table 'job'"};
  }
  if (code.starts_with("23")) {
    throw ConfigError{
        what + first_line(error) + "; rolled back. The table 'job' of the schema '" + schema +
        "' is not as `aftercommit migrate` has made it: take from it what was added, or use a schema "
        "of its own"};
  }
  if (!code.starts_with("42") && code != "3F000") throw;
  throw ConfigError{what + first_line(error) + "; rolled back. Run `" +
                    command_for(core.database, "migrate") + "`, as a role that may create the schema '" +
                    schema + "', and GRANT this one its use"};
}

}  // namespace

void ServerTransaction::commit(PendingJobs jobs, bool more_to_do) {
  if (state_.due() && jobs.empty()) {
    if (connection_->severed()) end_uncommitted();
    give_back(true);  // no statement has run
  } else {
    send_commit(jobs, more_to_do);
  }
  end();
}

void ServerTransaction::send_commit(PendingJobs jobs, bool more_to_do) {
  // Not in the message of COMMIT: a connection that turns out dead there leaves a doubt, here it is replaced.
  if (state_.due()) send_begin_alone();
  const auto rest = send_ahead(jobs);
  // Once it is sent nobody can tell: the server may end a session behind its commit, with the same words.
  if (connection_->has_ended()) end_uncommitted();
  const auto backend = connection_->backend();
  try {
    auto* const next = next_to_begin(more_to_do);
    const CommitMessage message{.riders = riders_, .jobs = rest, .next = next};
    auto answer = connection_->exec(message.text(core_.statements, *connection_));
    if (next != nullptr) {
      next_.begun(*next, std::move(answer));
    } else {
      give_back(true);
    }
  } catch (const std::exception& error) {
    const bool lost = connection_->lost(&error);
    if (lost) loss_ = connection_->last_words();
    if (!lost && sqlstate_of(error) != "40003") explain_refused(error, jobs);
    const auto reason = lost ? connection_->why_lost() : first_line(error);
    give_back(!lost);
    settle_doubt(jobs, backend, reason);
  }
}

/// Jobs that are too many for one message; gives those that are left for that of COMMIT.
std::vector<const PendingJob*> ServerTransaction::send_ahead(PendingJobs jobs) {
  auto [copied, others] = divide(jobs);
  try {
    if (!copied.empty() && may_copy_jobs(*connection_, core_.statements)) {
      copy_jobs(*connection_, core_.statements, copied);
    } else if (!copied.empty()) {
      others.assign(jobs.begin(), jobs.end());
    }
    PendingJobs rest{others};
    for (std::size_t count; (count = jobs_of_one_statement(rest)) < rest.size(); rest = rest.subspan(count)) {
      std::string message;
      append_durable_jobs(message, core_.statements, rest.first(count), *connection_);
      if (!message.empty()) connection_->exec(message);
    }
    return {rest.begin(), rest.end()};
  } catch (const std::exception& error) {
    if (connection_->lost(&error)) end_uncommitted();
    explain_refused(error, jobs);
  }
}

Riders* ServerTransaction::next_to_begin(bool more_to_do) const noexcept {
  if (riders_ == nullptr || riders_->next == nullptr || more_to_do || connection_->changed()) return nullptr;
  return next_.may_begin(std::chrono::steady_clock::now()) ? riders_->next : nullptr;
}

/// Within a handler of `error`, which is the server's answer: nothing is committed.
void ServerTransaction::explain_refused(const std::exception& error, PendingJobs jobs) {
  const auto lost_jobs = jobs.empty() ? std::string{} : in_words(jobs);
  if (const auto reason = why_read_only(error, false); !reason.empty()) {
    give_back(false);
    end();
    throw_read_only(core_, reason, lost_jobs);
  }
  // Still open: one of the statements beside COMMIT has failed, and not a constraint that it checks.
  const bool beside = connection_->in_transaction();
  if (beside) {
    rollback();
  } else {
    give_back(true);
    end();
  }
  if (beside && !jobs.empty()) throw_not_kept(core_, error, lost_jobs);
  throw;
}

/// Where no COMMIT was sent there is no doubt about it.
void ServerTransaction::end_uncommitted() {
  const auto reason = connection_->why_lost();
  loss_ = connection_->last_words();
  state_.lose(reason);
  rollback();
  throw DatabaseUnavailable{"the transaction on " + core_.name() +
                            " was rolled back: the connection was lost before its commit" +
                            (reason.empty() ? reason : ": " + reason)};
}

/// Returns if the transaction turns out to be committed; else throws.
void ServerTransaction::settle_doubt(PendingJobs jobs, int backend, const std::string& reason) {
  auto outcome = CommitOutcome::kUnknown;
  if (!jobs.empty() && riders_ == nullptr) outcome = find_commit_outcome(core_, jobs.front()->id, backend);
  if (outcome == CommitOutcome::kCommitted) return;
  end();
  if (outcome == CommitOutcome::kRolledBack) {
    throw DatabaseUnavailable{"the transaction on " + core_.name() +
                              " was rolled back: the connection was lost in its commit: " + reason};
  }
  throw CommitInDoubt{"the commit on " + core_.name() +
                      " is in doubt: the connection was lost before the reply (" + reason +
                      "); its hooks did not run" +
                      (jobs.empty() ? ", and its jobs were not sent"
                                    : "; its durable jobs run if, and only if, it has been committed")};
}

}  // namespace aftercommit::detail
