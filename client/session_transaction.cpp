/// How a session begins and ends its transaction, and what it makes of a COMMIT that failed.
#include <pqxx/except>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/fail_point.hpp"
#include "client/doubtful_commit.hpp"
#include "client/durable_insert.hpp"
#include "client/error_text.hpp"
#include "client/pqxx_compat.hpp"
#include "client/session.hpp"

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
  take_lease();
  try {
    auto answer = send_begin(begin_statement(options), riders);
    if (riders != nullptr) riders->answer = std::move(answer);
  } catch (const DatabaseUnavailable&) {
    drop_lease(false);
    throw;
  } catch (const std::exception& error) {
    const bool lost = !lease_ || lease_->lost(&error);
    // With riders the transaction is open, and its failure with it.
    if (lost || riders == nullptr) {
      drop_lease(!lost);
    } else {
      end_by_rollback();
    }
    if (lost) throw DatabaseUnavailable{"cannot begin a transaction on " + name() + ": " + first_line(error)};
    throw;
  }
  riders_ = riders;
  open_ = true;
}

pqxx::result Session::send_begin(const std::string& begin, const Riders* riders) {
  const auto send_it = [&] {
    auto message = begin;
    if (riders != nullptr) lease_->append(message += "; ", riders->with_begin);
    return lease_->exec(message);
  };
  try {
    return send_it();
  } catch (const std::exception& error) {
    // An idle connection may have died unseen (a restarted server): nothing has run yet, so a new one will
    // do.
    if (!lease_->lost(&error) || !lease_.reused()) throw;
  }
  drop_lease(false);
  core_->pool.drop_idle();
  take_lease();
  return send_it();
}

void Session::begin_if_manual() {
  if (!autocommit_ && !open_) begin({});
}

void Session::end_by_commit(std::atomic<bool>& committed) {
  const auto durable = hooks_.durable_jobs();
  const auto backend = lease_->backend();
  fail_point("client.before_commit");
  try {
    lease_->exec(commit_message(durable));
    drop_lease(true);
  } catch (const std::exception& error) {
    const bool lost = lease_->lost(&error);
    if (!lost && sqlstate_of(error) != "40003") {  // the server has answered: nothing is committed
      const bool with_jobs = !durable.empty();
      if (with_jobs || riders_ != nullptr) {  // one of the statements beside COMMIT failed: it is still open
        end_by_rollback();
      } else {
        drop_lease(true);
        forget_transaction();
      }
      throw_not_committed(error, with_jobs);
    }
    drop_lease(!lost);
    settle_doubt(durable, backend);
  }
  committed = true;
  auto hooks = std::exchange(hooks_, {});
  forget_transaction();
  fail_point("client.after_commit");
  hooks.run();
}

std::string Session::commit_message(const std::vector<const PendingJob*>& durable) const {
  std::string message;
  if (riders_ != nullptr && riders_->with_commit) lease_->append(message, *riders_->with_commit);
  if (!durable.empty()) append_durable_jobs(message, core_->statements, durable, *lease_.get());
  return message += "COMMIT";
}

void Session::throw_not_committed(const std::exception& error, bool with_jobs) const {
  const auto code = sqlstate_of(error);
  const bool no_table = code == "42P01" || code == "42703" || code == "42501" || code == "3F000";
  if (!with_jobs || !no_table) throw;
  throw ConfigError{"cannot keep durable jobs on " + name() + ": " + first_line(error) +
                    "; rolled back. Run `aftercommit migrate` on this database, as a "
                    "role that may create the schema '" +
                    core_->options.schema + "', and GRANT this one its use"};
}

/// Returns if the transaction turns out to be committed; else throws.
void Session::settle_doubt(const std::vector<const PendingJob*>& durable, int backend) {
  auto outcome = CommitOutcome::kUnknown;
  if (!durable.empty() && riders_ == nullptr)
    outcome = find_commit_outcome(*core_, durable.front()->id, backend);
  if (outcome == CommitOutcome::kCommitted) return;
  const bool durable_jobs = !durable.empty();
  forget_transaction();
  if (outcome == CommitOutcome::kRolledBack) {
    throw DatabaseUnavailable{"the transaction on " + name() +
                              " was rolled back: the connection was lost in its commit"};
  }
  throw CommitInDoubt{"the commit on " + name() +
                      " is in doubt: the connection was lost before the reply; its hooks did not run" +
                      (durable_jobs ? "; its durable jobs run if, and only if, it has been committed"
                                    : ", and its jobs were not sent")};
}

void Session::end_by_rollback() noexcept {
  bool healthy = !lost_;
  if (healthy) {
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
  open_ = needs_rollback_ = rollback_asked_ = lost_ = false;
  failure_.clear();
  savepoints_.clear();
  savepoints_made_ = 0;
  ++transaction_number_;
  hooks_.clear();
  riders_ = nullptr;
}

void Session::throw_rolled_back(const std::string& failure) const {
  throw TransactionManagementError{"the atomic block on " + name() +
                                   " was rolled back although its body returned: " + failure +
                                   "; let that exception leave the block, or call set_rollback(true)"};
}

}  // namespace aftercommit::detail
