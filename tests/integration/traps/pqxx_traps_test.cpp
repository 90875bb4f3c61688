/// What libpqxx does where one might expect something else: the reasons why client/postgres/connection.cpp
/// and client/transaction/session.cpp are as they are.  A version that behaves otherwise fails here first.
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "client/postgres/connection.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "support/eventually.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

using detail::exec_text_params;

class Pqxx : public ::testing::Test {
 protected:
  Pqxx() { outside("CREATE TABLE payment (id bigint PRIMARY KEY)"); }

  pqxx::result outside(const std::string& sql) { return pqxx::nontransaction{outside_}.exec(sql); }
  int committed_rows() { return outside("SELECT count(*) FROM payment")[0][0].as<int>(); }

  static int pid_of(pqxx::transaction_base& session) {
    return session.exec("SELECT pg_backend_pid()")[0][0].as<int>();
  }
  void kill(int pid) {
    const auto text = std::to_string(pid);
    outside("SELECT pg_terminate_backend(" + text + ")");
    ASSERT_TRUE(support::eventually(
        [&] { return outside("SELECT 1 FROM pg_stat_activity WHERE pid = " + text).empty(); }));
  }

  const support::Schema schema_;
  pqxx::connection outside_{schema_.url("outside")};
  pqxx::connection connection_{schema_.url()};
};

#if PQXX_VERSION_MAJOR < 7

TEST_F(Pqxx, WorkCommitsWithoutAnErrorAfterASwallowedFailureOfExecParamsAndNothingIsThere) {
  pqxx::work work{connection_};
  exec_text_params(work, "INSERT INTO payment VALUES ($1)", {"1"});
  EXPECT_THROW(exec_text_params(work, "INSERT INTO payment VALUES ($1)", {"1"}), pqxx::unique_violation);
  EXPECT_NO_THROW(work.commit());
  EXPECT_EQ(committed_rows(), 0);
}

TEST_F(Pqxx, WorkRunsExecParamsOutsideTheTransactionAfterASwallowedFailureOfExec) {
  pqxx::work work{connection_};
  work.exec("INSERT INTO payment VALUES (1)");
  EXPECT_THROW(work.exec("INSERT INTO payment VALUES (1)"), pqxx::unique_violation);
  exec_text_params(work, "INSERT INTO payment VALUES ($1)", {"2"});
  EXPECT_EQ(committed_rows(), 1) << "2 is committed before anybody has said so";
  EXPECT_ANY_THROW(work.commit());
}

TEST_F(Pqxx, ConnectionThatWasLostComesBackWithoutAWordOutsideTheTransaction) {
  pqxx::nontransaction session{connection_};
  session.exec("BEGIN");
  session.exec("INSERT INTO payment VALUES (1)");
  const int before = pid_of(session);
  kill(before);
  EXPECT_THROW(session.exec("INSERT INTO payment VALUES (2)"), pqxx::broken_connection);
  EXPECT_FALSE(connection_.is_open());
  EXPECT_THROW(session.exec("INSERT INTO payment VALUES (2)"), pqxx::broken_connection);
  session.exec("INSERT INTO payment VALUES (3)");
  EXPECT_NE(pid_of(session), before);
  EXPECT_EQ(committed_rows(), 1) << "3 went in by itself, outside any transaction";
}

TEST_F(Pqxx, SerializationFailureIsNoSqlErrorAndCarriesNoSqlstate) {
  pqxx::nontransaction session{connection_};
  session.exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  session.exec("SELECT count(*) FROM payment");
  outside("INSERT INTO payment VALUES (1)");
  outside("UPDATE payment SET id = 2");
  session.exec("ROLLBACK");
  session.exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  session.exec("SELECT count(*) FROM payment");
  outside("UPDATE payment SET id = 3");
  try {
    session.exec("UPDATE payment SET id = 4");
    FAIL() << "nothing was thrown";
  } catch (const pqxx::serialization_failure& error) {
    EXPECT_EQ(dynamic_cast<const pqxx::sql_error*>(static_cast<const std::exception*>(&error)), nullptr);
    EXPECT_EQ(detail::sqlstate_of(error), "40001");
  }
}

TEST_F(Pqxx, DeadlockIsNoSqlErrorAndCarriesNoSqlstate) {
  pqxx::nontransaction session{connection_};
  try {
    session.exec("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
    FAIL() << "nothing was thrown";
  } catch (const pqxx::deadlock_detected& error) {
    EXPECT_EQ(dynamic_cast<const pqxx::sql_error*>(static_cast<const std::exception*>(&error)), nullptr);
    EXPECT_EQ(detail::sqlstate_of(error), "40P01");
  }
}

TEST_F(Pqxx, UnknownCompletionLooksLikeARollbackToWhoeverCatchesThatFirst) {
  pqxx::nontransaction session{connection_};
  try {
    session.exec("DO $$ BEGIN RAISE SQLSTATE '40003'; END $$");
    FAIL() << "nothing was thrown";
  } catch (const pqxx::transaction_rollback& error) {
    EXPECT_EQ(detail::sqlstate_of(error), "40003");
  }
}

#endif

TEST_F(Pqxx, ServerAnswersCommitOfAFailedTransactionWithoutAnError) {
  pqxx::nontransaction session{connection_};
  session.exec("BEGIN");
  session.exec("INSERT INTO payment VALUES (1)");
  EXPECT_THROW(session.exec("SELECT no_such_column"), pqxx::undefined_column);
  EXPECT_NO_THROW(session.exec("COMMIT"));
  EXPECT_EQ(committed_rows(), 0);
}

TEST_F(Pqxx, StatementInAFailedTransactionIsAPlainSqlErrorOfClass25P02) {
  pqxx::nontransaction session{connection_};
  session.exec("BEGIN");
  EXPECT_ANY_THROW(session.exec("SELECT no_such_column"));
  try {
    session.exec("SELECT 1");
    FAIL() << "nothing was thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(error.sqlstate(), "25P02");
  }
  session.exec("ROLLBACK");
}

/// What a statement throws on a connection whose server process was ended while it lay idle.
std::string what_was_thrown(pqxx::transaction_base& session, bool with_params) {
  try {
    if (with_params) {
      exec_text_params(session, "SELECT $1", {"1"});
    } else {
      session.exec("SELECT 1");
    }
  } catch (const pqxx::broken_connection&) {
    return "broken_connection";
  } catch (const pqxx::sql_error& error) {
    return "sql_error " + error.sqlstate();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

TEST_F(Pqxx, ExecOnAConnectionThatTheServerEndedThrowsAndIsThenKnownToBeClosed) {
  pqxx::nontransaction session{connection_};
  kill(pid_of(session));
  EXPECT_TRUE(connection_.is_open()) << "nobody has looked yet";
  EXPECT_EQ(what_was_thrown(session, false), "broken_connection");
  EXPECT_FALSE(connection_.is_open());
}

TEST_F(Pqxx, ExecParamsOnAConnectionThatTheServerEndedThrowsAndIsThenKnownToBeClosed) {
  pqxx::nontransaction session{connection_};
  kill(pid_of(session));
  EXPECT_EQ(what_was_thrown(session, true), "broken_connection");
  EXPECT_FALSE(connection_.is_open());
}

#if PQXX_VERSION_MAJOR < 7
TEST_F(Pqxx, ServerThatEndsASessionInMidStatementIsABrokenConnectionWhoseReasonIsLost) {
  pqxx::nontransaction session{connection_};
  try {
    session.exec("SELECT pg_terminate_backend(pg_backend_pid())");
    FAIL() << "nothing was thrown";
  } catch (const pqxx::broken_connection& error) {
    EXPECT_STREQ(error.what(), "Could not obtain client encoding: not connected.")
        << "not the server's own 57P01";
  }
  EXPECT_FALSE(connection_.is_open());
}
#endif

TEST_F(Pqxx, OurOwnConnectionOnceLostStaysLost) {
  detail::Connection connection{{.url = schema_.url()}, "default"};
  kill(connection.exec("SELECT pg_backend_pid()")[0][0].as<int>());
  EXPECT_FALSE(connection.looks_alive());
  for (int statement = 1; statement <= 5; ++statement) {
    try {
      connection.exec("INSERT INTO payment VALUES (1)");
      FAIL() << "statement " << statement << " ran";
    } catch (const pqxx::broken_connection& error) {
      EXPECT_TRUE(connection.lost(&error));
    }
  }
  EXPECT_EQ(committed_rows(), 0);
}

}  // namespace
}  // namespace aftercommit
