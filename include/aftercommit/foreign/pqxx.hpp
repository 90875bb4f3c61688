/// Jobs in transactions of libpqxx, 6.4 or 7.x, that the application has begun by itself:
///   pqxx::work work{connection};
///   work.exec("INSERT INTO orders ...");
///   send_receipt.delay_in(work, 42);  // exists if, and only if, this commits
///   work.commit();
/// Any transaction will do, a pqxx::subtransaction too, but pqxx::nontransaction, which has none: UsageError.
#pragma once

#include <pqxx/pqxx>
#include <string>

#include "aftercommit/error.hpp"
#include "aftercommit/foreign.hpp"

namespace aftercommit {

/// Throws what libpqxx does where explain_failure() has nothing to say, and TransactionManagementError where
/// the transaction runs no more statements.
inline std::string run_statement(pqxx::transaction_base& transaction, const ForeignStatement& statement) {
  if (dynamic_cast<const pqxx::nontransaction*>(&transaction) != nullptr) {
    throw UsageError{
        "cannot enqueue task '" + statement.task +
        "' in a pqxx::nontransaction: it commits each statement by itself, so the job would exist "
        "whatever becomes of the next; begin a pqxx::work"};
  }
  try {
    // Not by exec_params(): in 6.4 that sees neither that the transaction has failed, and then runs in
    // autocommit, nor that a subtransaction has still to begin.
    const auto rows = transaction.exec(statement.sql_with(transaction.quote(statement.parameter)));
    return rows.size() == 1 ? rows[0][0].as<std::string>(std::string{}) : std::string{};
  } catch (const pqxx::usage_error& error) {
    throw TransactionManagementError{"cannot enqueue task '" + statement.task +
                                     "' in this transaction, which has failed or ended: " + error.what()};
  } catch (const pqxx::insufficient_privilege& error) {  // which has no SQLSTATE in 6.4
    explain_failure(statement, "42501", error.what());
    throw;
  } catch (const pqxx::sql_error& error) {
    explain_failure(statement, error.sqlstate(), error.what());
    throw;
  }
}

}  // namespace aftercommit
