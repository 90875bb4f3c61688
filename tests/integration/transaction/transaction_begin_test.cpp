/// When a transaction begins on the server: with the first statement of its block, in the same message where
/// one can hold both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::caught;
using support::Deliberate;
using support::message_of;
using support::sqlstate;
using ::testing::HasSubstr;
using ::testing::Not;

class TransactionBegin : public support::Payments, public ::testing::Test {
 protected:
  TransactionBegin() {
    outside("CREATE TABLE thing (id bigint PRIMARY KEY)");
    outside("CREATE TABLE said (message text, isolation text)");
    outside(
        "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO said VALUES (current_query(), current_setting('transaction_isolation')); RETURN NULL; "
        "END $$");
    outside("CREATE TRIGGER say AFTER INSERT ON thing FOR EACH STATEMENT EXECUTE FUNCTION say()");
  }

  void insert(long id) { database.exec("INSERT INTO thing VALUES ($1)", id); }
  /// So often that the server plans it, with numbers below 0.
  void make_frequent() {
    for (long id = -8; id < 0; ++id) insert(id);
    outside("DELETE FROM said");
  }
  std::string said(const std::string& column) {
    return outside("SELECT " + column + " FROM said")[0][0].c_str();
  }
  std::size_t things() { return outside("SELECT FROM thing WHERE id > 0").size(); }

  int backend() { return database.exec("SELECT pg_backend_pid()")[0][0].as<int>(); }
  bool is_in_transaction(int backend) {
    return outside("SELECT state LIKE 'idle in transaction%' FROM pg_stat_activity WHERE pid = " +
                   std::to_string(backend))[0][0]
        .as<bool>();
  }
};

TEST_F(TransactionBegin, WaitsForTheFirstStatement) {
  const int pid = backend();
  database.atomic([&] {
    EXPECT_FALSE(is_in_transaction(pid));
    EXPECT_TRUE(database.in_atomic_block());
    insert(1);
    EXPECT_TRUE(is_in_transaction(pid));
  });
  EXPECT_FALSE(is_in_transaction(pid));
  EXPECT_EQ(things(), 1U);
}

TEST_F(TransactionBegin, WaitsForASavepointAsWell) {
  const int pid = backend();
  database.atomic([&] {
    EXPECT_THROW(database.atomic([&] {
      EXPECT_TRUE(is_in_transaction(pid));
      insert(1);
      throw Deliberate{};
    }),
                 Deliberate);
    insert(2);
  });
  EXPECT_EQ(outside("SELECT id FROM thing")[0][0].as<long>(), 2);
}

TEST_F(TransactionBegin, IsNotMissedByABlockWithoutStatements) {  // P1, P2
  database.atomic([&] { database.on_commit([&] { note_hook(1); }); });
  EXPECT_EQ(hooks(), std::vector<long>{1});
  database.atomic([&] {
    database.on_commit([&] { note_hook(2); });
    database.set_rollback(true);
  });
  EXPECT_EQ(hooks(), std::vector<long>{1});
}

TEST_F(TransactionBegin, IsNotMissedByDurableJobsWithoutStatements) {  // P2
  const auto rows = [&] { return outside("SELECT FROM job").size(); };
  database.atomic([&] { receipt.delay(1); });
  EXPECT_EQ(rows(), 1U);
  EXPECT_THROW(database.atomic([&] {
    receipt.delay(2);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(rows(), 1U);
}

TEST_F(TransactionBegin, TravelsWithAStatementThatIsPlanned) {
  database.atomic([&] { insert(1); });
  EXPECT_THAT(said("message"), Not(HasSubstr("BEGIN")));
  make_frequent();
  database.atomic([&] { insert(2); });
  EXPECT_THAT(said("message"), HasSubstr("BEGIN"));
  EXPECT_EQ(things(), 2U);
}

TEST_F(TransactionBegin, OpensATransactionAndNoLess) {  // P1
  make_frequent();
  EXPECT_THROW(database.atomic([&] {
    insert(1);
    insert(2);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(things(), 0U);
}

TEST_F(TransactionBegin, StandsWhereTheStatementThatItTravelsWithFails) {
  make_frequent();
  database.atomic([&] {
    const auto error = caught<pqxx::unique_violation>([&] { insert(-1); });
    ASSERT_NE(error, nullptr);
    EXPECT_THROW(insert(1), TransactionManagementError);
    database.set_rollback(true);
  });
  insert(2);
  EXPECT_EQ(things(), 1U);
}

TEST_F(TransactionBegin, KeepsTheOptionsOfItsBlock) {
  make_frequent();
  database.atomic({.isolation = Isolation::kSerializable}, [&] { insert(1); });
  EXPECT_EQ(said("isolation"), "serializable");
  const auto error =
      caught<pqxx::sql_error>([&] { database.atomic({.read_only = true}, [&] { insert(2); }); });
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(sqlstate(*error), "25006");
  EXPECT_EQ(things(), 1U);
}

TEST_F(TransactionBegin, IsSentAnewWhereTheConnectionHasDiedBefore) {
  const auto in_a_block = [&](auto&& body) {
    backend();  // so that there is an idle connection
    database.atomic([&] {
      EXPECT_EQ(kill_connections(), 1);
      body();
    });
  };
  in_a_block([&] { insert(1); });
  EXPECT_EQ(things(), 1U);
  in_a_block([&] { receipt.delay(1); });
  EXPECT_EQ(outside("SELECT FROM job").size(), 1U);
  make_frequent();
  in_a_block([&] { insert(2); });
  EXPECT_EQ(things(), 2U);
}

TEST_F(TransactionBegin, IsNotSentTwiceInOneTransaction) {  // P1
  backend();
  EXPECT_THROW(database.atomic([&] {
    insert(1);
    kill_connections();
    insert(2);
  }),
               pqxx::broken_connection);
  EXPECT_EQ(things(), 0U);
}

TEST_F(TransactionBegin, InManualModeWaitsForAStatement) {
  make_frequent();
  database.commit_manually([&] {
    insert(1);
    database.rollback();
    insert(2);
    database.commit();
  });
  EXPECT_EQ(outside("SELECT id FROM thing WHERE id > 0")[0][0].as<long>(), 2);
}

/// The server goes away after the block has taken its connection.
class BeginOnALostServer : public support::OnPrivatePostgres,
                           public support::Payments,
                           public ::testing::Test {
 protected:
  /// Opens a block on an idle connection, stops the server, and runs `body`.
  template <class Body>
  void in_a_block(Body&& body) {
    server.start();
    database.exec("SELECT 1");
    database.atomic([&] {
      database.on_commit([&] { note_hook(1); });
      server.stop();
      body();
    });
  }
  long answer() {
    server.start();
    return database.exec("SELECT 7")[0][0].as<long>();
  }
};

TEST_F(BeginOnALostServer, IsAnErrorOfTheFirstStatementOfWhateverKind) {  // P1
  server.stop();
  const auto is_unavailable = [&](auto&& body) {
    EXPECT_THAT(message_of<DatabaseUnavailable>([&] { in_a_block(body); }), HasSubstr("'default'"));
    EXPECT_EQ(answer(), 7);
    server.stop();
  };
  is_unavailable([&] { database.exec("SELECT 1"); });
  is_unavailable([&] { database.exec("SELECT $1::int", 1); });
  is_unavailable([&] { database.savepoint(); });
  is_unavailable([&] { database.atomic([] {}); });
  is_unavailable([&] { receipt.delay(1); });
  EXPECT_TRUE(hooks().empty());
}

TEST_F(BeginOnALostServer, BreaksTheBlockWhereItIsSwallowed) {  // P1
  server.stop();
  const auto leaving = message_of<TransactionManagementError>([&] {
    in_a_block([&] {
      EXPECT_THROW(database.exec("SELECT 1"), DatabaseUnavailable);
      server.start();
      EXPECT_THAT(message_of<TransactionManagementError>([&] { database.exec("SELECT 2"); }),
                  HasSubstr("the connection was lost"));
      database.transaction().cancel();
      server.stop();
    });
  });
  EXPECT_THAT(leaving, HasSubstr("SELECT 1"));
  EXPECT_TRUE(hooks().empty());
  EXPECT_EQ(answer(), 7);
}

TEST_F(BeginOnALostServer, IsNotMissedByABlockWithoutStatements) {
  server.stop();
  in_a_block([] {});
  EXPECT_EQ(hooks(), std::vector<long>{1});
  EXPECT_EQ(answer(), 7);
}

}  // namespace
}  // namespace aftercommit
