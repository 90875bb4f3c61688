/// A connection that goes away in the middle of a transaction: nothing is committed, nothing is sent, and the
/// next block starts on a clean connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::HasSubstr;

class LostConnection : public support::Payments, public ::testing::Test {};

TEST_F(LostConnection,
       RollsTheBlockBackAndDropsItsHooksAndJobs) {  // P1, as Django's test_hooks_cleared_on_reconnect
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    EXPECT_EQ(kill_connections(), 1);
    pay(2);
  }),
               pqxx::broken_connection);
  expect_paid({});
}

TEST_F(LostConnection, GivesTheNextBlockACleanOne) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    kill_connections();
    pay(2);
  }),
               pqxx::broken_connection);
  database.atomic([&] { pay(3); });
  expect_paid({3});
}

TEST_F(LostConnection, SwallowedNeverEndsInACommit) {  // P1
  const auto leaving = message_of<TransactionManagementError>([&] {
    database.atomic([&](Transaction& tx) {
      pay(1);
      kill_connections();
      EXPECT_THROW(tx.exec("SELECT 1"), pqxx::broken_connection);
      EXPECT_THAT(
          message_of<TransactionManagementError>([&] { tx.exec("INSERT INTO payment VALUES ($1)", 2); }),
          HasSubstr("the connection was lost"));
    });
  });
  EXPECT_THAT(leaving, HasSubstr("SELECT 1"));
  expect_paid({});
}

TEST_F(LostConnection, IsNotHealedByASavepoint) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    kill_connections();
    EXPECT_ANY_THROW(tx.exec("SELECT 1"));
    EXPECT_THROW(tx.savepoint_rollback(savepoint), TransactionManagementError);
    EXPECT_THROW(tx.exec("INSERT INTO payment VALUES ($1)", 2), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_F(LostConnection, IsNotHealedByANestedBlockThatEnds) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      kill_connections();
      pay(2);
    }),
                 pqxx::broken_connection);
    EXPECT_THROW(pay(3), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_F(LostConnection, InANestedBlockLetsTheExceptionLeaveAllBlocks) {  // P1
  EXPECT_THROW(database.atomic([&] {
    database.atomic([&] {
      kill_connections();
      pay(1);
    });
  }),
               pqxx::broken_connection);
  database.atomic([&] { pay(2); });
  expect_paid({2});
}

TEST_F(LostConnection, LetsTheBodysOwnExceptionGoOn) {
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    kill_connections();
    throw Deliberate{};
  }),
               Deliberate);
  expect_paid({});
}

TEST_F(LostConnection, InManualModeIsOverAfterRollback) {  // P1
  database.set_autocommit(false);
  database.exec("INSERT INTO payment VALUES (1)");
  kill_connections();
  EXPECT_ANY_THROW(database.exec("INSERT INTO payment VALUES (2)"));
  EXPECT_THROW(database.commit(), TransactionManagementError);
  database.exec("INSERT INTO payment VALUES (3)");
  database.commit();
  database.set_autocommit(true);
  EXPECT_EQ(committed_rows(), (std::vector<long>{3}));
}

TEST_F(LostConnection, BetweenBlocksIsNotNoticedAtAll) {
  database.atomic([&] { pay(1); });
  EXPECT_EQ(kill_connections(), 1);
  database.atomic([&] { pay(2); });
  EXPECT_EQ(kill_connections(), 1);
  pay(3);
  expect_paid({1, 2, 3});
}

TEST_F(LostConnection, BySeverFromAnotherThreadRollsBack) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    std::jthread{[&] { tx.sever(); }}.join();
    pay(2);
  }),
               pqxx::broken_connection);
  database.atomic([&] { pay(3); });
  expect_paid({3});
}

TEST_F(LostConnection, IsNotWhatCancelFromAnotherThreadDoes) {
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    std::jthread canceller{[&] {
      const auto sleeping = "SELECT 1 FROM pg_stat_activity WHERE application_name = '" + schema().name() +
                            "' AND wait_event = 'PgSleep'";
      EXPECT_TRUE(support::eventually([&] { return !outside(sleeping).empty(); }));
      tx.cancel();
    }};
    EXPECT_THAT(message_of<pqxx::sql_error>([&] { tx.exec("SELECT pg_sleep(60)"); }),
                HasSubstr("canceling statement"));
  }),
               TransactionManagementError);
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
