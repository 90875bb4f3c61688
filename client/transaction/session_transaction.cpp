/// How a session begins and ends its transaction, and what it makes of a COMMIT that failed.
#include <exception>
#include <optional>
#include <pqxx/except>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/fail_point.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/transaction/doubtful_commit.hpp"
#include "client/transaction/durable_insert.hpp"
#include "client/transaction/read_only.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

std::string begin_statement(const AtomicOptions& options) {
  std::string sql = "BEGIN";
  switch (options.isolation) {
    case Isolation::kDefault:
      break;
    case Isolation::kReadCommitted:
      sql += " ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::kRepeatableRead:
      sql += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::kSerializable:
      sql += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.read_only) sql += " READ ONLY";
  return sql;
}

}  // namespace

void Session::begin(const AtomicOptions& options, Riders* riders) {
  forget_loss();
  if (riders != nullptr && riders == ahead_) {
    riders_ = std::exchange(ahead_, nullptr);
  } else {
    drop_ahead();
    take_lease();
    begin_ = begin_statement(options);
    if (riders != nullptr) begin_with(*riders);
  }
  open_ = true;
}

void Session::drop_ahead() noexcept {
  notice_fork();
  if (std::exchange(ahead_, nullptr) != nullptr) end_by_rollback();
}

void Session::begin_with(Riders& riders) {
  chain_began_at_ = std::chrono::steady_clock::now();
  const auto begin = std::exchange(begin_, {}) + "; ";
  try {
    riders.answer = send_begin([&] {
      auto message = begin;
      lease_->append(message, riders.with_begin);
      return lease_->exec(message);
    });
  } catch (const DatabaseUnavailable&) {
    drop_lease(false);
    throw;
  } catch (const std::exception&) {
    end_by_rollback();  // the transaction is open, and its failure with it
    throw;
  }
  riders_ = &riders;
}

/// Where one message can hold both, BEGIN costs no round trip.
pqxx::result Session::send_first(std::string_view sql, const SqlParams& params) {
  const auto begin = std::exchange(begin_, {});
  std::optional<pqxx::result> result;
  send_begin([&] {
    if (!lease_->plans(sql, params)) return lease_->exec(begin);
    return result.emplace(lease_->exec(sql, params, begin));
  });
  return result ? *std::move(result) : lease_->exec(sql, params);
}

void Session::send_begin_alone() {
  const auto begin = std::exchange(begin_, {});
  try {
    send_begin([&] { return lease_->exec(begin); });
  } catch (const std::exception&) {
    lost_ = true;
    end_by_rollback();
    throw;
  }
}

/// Throws DatabaseUnavailable where the connection is lost and no other is to be had.
pqxx::result Session::send_begin(const std::function<pqxx::result()>& send_it) {
  for (bool again = false;; again = true) {
    try {
      if (again) {
        drop_lease(false);
        core_->pool.drop_idle();
        take_lease();
      }
      return send_it();
    } catch (const DatabaseUnavailable&) {
      throw;
    } catch (const std::exception& error) {
      const auto read_only = why_read_only(error);
      if (lease_ && read_only.empty() && !lease_->lost(&error)) throw;
      // An idle connection may have died unseen (a restarted server), or lead to what is a standby now:
      // nothing that lasts has run yet, so a new one will do.
      if (!again && lease_.reused() && !lease_->severed()) continue;
      if (!read_only.empty()) throw_read_only(*core_, read_only);
      throw DatabaseUnavailable{"cannot begin a transaction on " + name() + ": " + first_line(error)};
    }
  }
}

void Session::begin_if_manual() {
  if (!autocommit_ && !open_) begin({});
}

void Session::end_by_commit(std::atomic<bool>& committed) {
  fail_point("client.before_commit");
  const auto durable = hooks_.durable_jobs();
  if (begin_.empty() || !durable.empty()) {
    send_commit(durable);
  } else {
    if (lease_->severed()) end_uncommitted();
    drop_lease(true);  // no statement has run
  }
  committed = true;
  run_hooks();
}

/// As in autocommit, whatever the mode: no transaction is open any more, and none stays open behind a hook.
void Session::run_hooks() {
  auto hooks = std::exchange(hooks_, {});
  forget_transaction();
  fail_point("client.after_commit");
  const bool before = std::exchange(autocommit_, true);
  std::exception_ptr failure;
  try {
    hooks.run();
  } catch (...) {
    failure = std::current_exception();
  }
  const bool left_open = end_all();
  autocommit_ = before;
  if (failure) std::rethrow_exception(failure);
  if (left_open) {
    throw UsageError{"a hook has left a transaction open on " + name() +
                     ": what it had not committed is rolled back; the transaction of the hook is committed"};
  }
}

void Session::send_commit(const std::vector<const PendingJob*>& durable) {
  // Not in the message of COMMIT: a connection that turns out dead there leaves a doubt, here it is replaced.
  if (!begin_.empty()) send_begin_alone();
  // Once it is sent nobody can tell: the server may end a session behind its commit, with the same words.
  if (lease_->has_ended()) end_uncommitted();
  const auto backend = lease_->backend();
  try {
    auto* const next = next_to_begin();
    auto answer = lease_->exec(commit_message(durable, next));
    if (next != nullptr) {
      ahead_ = next;
      ahead_->answer = std::move(answer);
    } else {
      drop_lease(true);
    }
  } catch (const std::exception& error) {
    const bool lost = lease_->lost(&error);
    if (lost) loss_ = lease_->last_words();
    if (!lost && sqlstate_of(error) != "40003") {  // the server has answered: nothing is committed
      const auto jobs = durable.empty() ? std::string{} : in_words(durable);
      if (const auto reason = why_read_only(error); !reason.empty()) {
        drop_lease(false);
        forget_transaction();
        throw_read_only(*core_, reason, jobs);
      }
      // Still open: one of the statements beside COMMIT has failed, and not a constraint that it checks.
      const bool beside = lease_->in_transaction();
      if (beside) {
        end_by_rollback();
      } else {
        drop_lease(true);
        forget_transaction();
      }
      if (beside && !jobs.empty()) throw_not_kept(error, jobs);
      throw;
    }
    const auto reason = lost ? lease_->why_lost() : first_line(error);
    drop_lease(!lost);
    settle_doubt(durable, backend, reason);
  }
}

/// Now and then a transaction ends by itself: PostgreSQL tells what a session has read and written, which is
/// what autovacuum goes by, only when that is between transactions.
Riders* Session::next_to_begin() const noexcept {
  constexpr std::chrono::seconds kLongestChain{1};  // since PostgreSQL 15 it tells no more often
  if (riders_ == nullptr || riders_->next == nullptr || has_hooks() || lease_->changed()) return nullptr;
  const auto length = std::chrono::steady_clock::now() - chain_began_at_;
  return length < kLongestChain ? riders_->next : nullptr;
}

std::string Session::commit_message(const std::vector<const PendingJob*>& durable, const Riders* next) const {
  std::string message;
  if (riders_ != nullptr && riders_->with_commit) lease_->append(message, *riders_->with_commit);
  if (!durable.empty()) append_durable_jobs(message, core_->statements, durable, *lease_.get());
  message += "COMMIT";
  if (next != nullptr) lease_->append(message += "; BEGIN; ", next->with_begin);
  return message;
}

/// Of the INSERT: what says that the set-up is wrong, or the transaction.  The rest passes through, above all
/// what another try may not meet again.
void Session::throw_not_kept(const std::exception& error, const std::string& jobs) const {
  constexpr std::string_view kReadOnlyTransaction = "25006";
  constexpr std::string_view kNoPrivilege = "42501";
  const auto code = sqlstate_of(error);
  const auto what = "cannot keep " + jobs + " on " + name() + ": ";
  if (code == kReadOnlyTransaction) {
    throw UsageError{
        what +
        "a statement has made the transaction read-only, and a durable job is a row of it; rolled "
        "back. Ask for the job in another transaction, or choose delivery on commit"};
  }
  const auto& schema = core_->options.schema;
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
                    command_for(core_->database, "migrate") + "`, as a role that may create the schema '" +
                    schema + "', and GRANT this one its use"};
}

/// Where no COMMIT was sent there is no doubt about it.
void Session::end_uncommitted() {
  const auto reason = lease_->why_lost();
  loss_ = lease_->last_words();
  lost_ = true;
  end_by_rollback();
  throw DatabaseUnavailable{"the transaction on " + name() +
                            " was rolled back: the connection was lost before its commit" +
                            (reason.empty() ? reason : ": " + reason)};
}

/// Returns if the transaction turns out to be committed; else throws.
void Session::settle_doubt(const std::vector<const PendingJob*>& durable, int backend,
                           const std::string& reason) {
  auto outcome = CommitOutcome::kUnknown;
  if (!durable.empty() && riders_ == nullptr)
    outcome = find_commit_outcome(*core_, durable.front()->id, backend);
  if (outcome == CommitOutcome::kCommitted) return;
  const bool durable_jobs = !durable.empty();
  forget_transaction();
  if (outcome == CommitOutcome::kRolledBack) {
    throw DatabaseUnavailable{"the transaction on " + name() +
                              " was rolled back: the connection was lost in its commit: " + reason};
  }
  throw CommitInDoubt{"the commit on " + name() + " is in doubt: the connection was lost before the reply (" +
                      reason + "); its hooks did not run" +
                      (durable_jobs ? "; its durable jobs run if, and only if, it has been committed"
                                    : ", and its jobs were not sent")};
}

void Session::end_by_rollback() noexcept {
  notice_fork();
  bool healthy = !lost_;
  if (healthy && begin_.empty()) {
    try {
      lease_->exec("ROLLBACK");
    } catch (const std::exception&) {
      healthy = false;  // closing the connection rolls back as well
    }
  }
  drop_lease(healthy);
  forget_transaction();
}

void Session::forget_transaction() noexcept {
  open_ = needs_rollback_ = rollback_asked_ = lost_ = forked_ = false;
  begin_.clear();
  failure_.clear();
  savepoints_.clear();
  savepoints_made_ = 0;
  {
    const std::lock_guard lock{lease_mutex_};
    ++transaction_number_;
    abandoned_ = 0;
  }
  hooks_.clear();
  riders_ = nullptr;
}

void Session::throw_rolled_back(const std::string& failure) const {
  throw TransactionManagementError{"the atomic block on " + name() +
                                   " was rolled back although its body returned: " + failure +
                                   "; let that exception leave the block, or call set_rollback(true)"};
}

}  // namespace aftercommit::detail
