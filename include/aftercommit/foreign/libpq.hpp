/// Jobs in transactions that the application has begun by itself on a connection of libpq:
///   PQclear(PQexec(connection, "BEGIN"));
///   send_receipt.delay_in(connection, 42);  // exists if, and only if, this commits
///   PQclear(PQexec(connection, "COMMIT"));
/// For a connection in pipeline mode, or one that is driven by an event loop, give a function instead: see
/// foreign.hpp.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "aftercommit/error.hpp"
#include "aftercommit/foreign.hpp"

namespace aftercommit {

/// Waits for the answer.  Before anything is sent: UsageError where no transaction is open, or a command is
/// on its way; TransactionManagementError where a statement before has failed.  Else, where explain_failure()
/// has nothing to say, StatementFailed, or DatabaseUnavailable where the connection is lost, and with it the
/// transaction.
inline std::string run_statement(PGconn* connection, const ForeignStatement& statement) {
  const auto refuse = [&](const char* why) {
    return "cannot enqueue task '" + statement.task + "' on this PGconn: " + why;
  };
  const auto trouble = [&] {
    std::string text = ::PQerrorMessage(connection);
    return text.substr(0, text.find('\n'));
  };
  switch (::PQtransactionStatus(connection)) {  // of none at all: unknown
    case PQTRANS_INTRANS:
      break;
    case PQTRANS_IDLE:
      throw UsageError{refuse(
          "no transaction is open on it, so the job would exist at once, whatever becomes of the statements "
          "behind it; send BEGIN first")};
    case PQTRANS_ACTIVE:
      throw UsageError{refuse("a command is on its way; take its results first")};
    case PQTRANS_INERROR:
      explain_failure(statement, "25P02", "current transaction is aborted");
      break;
    case PQTRANS_UNKNOWN:
      if (connection == nullptr) throw UsageError{refuse("it is a null pointer")};
      throw DatabaseUnavailable{refuse("the connection is lost: ") + trouble()};
  }

  const char* const values[] = {statement.parameter.c_str()};
  const std::unique_ptr<PGresult, decltype(&::PQclear)> result{
      ::PQexecParams(connection, statement.sql.c_str(), 1, nullptr, values, nullptr, nullptr, 0), &::PQclear};
  if (::PQresultStatus(result.get()) == PGRES_TUPLES_OK && ::PQntuples(result.get()) == 1)
    return ::PQgetvalue(result.get(), 0, 0);

  const char* const state = ::PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const char* const message = ::PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  const std::string sqlstate = state != nullptr ? state : "";
  const std::string words = message != nullptr ? message : trouble();
  if (::PQstatus(connection) == CONNECTION_BAD) {
    throw DatabaseUnavailable{refuse("the connection is lost, and with it the transaction: ") + words};
  }
  explain_failure(statement, sqlstate, words);
  throw StatementFailed{refuse(words.c_str()), sqlstate};
}

}  // namespace aftercommit
