/// A PostgreSQL that is frozen behind a Unix socket: no timeout of TCP ends a wait there.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::eventually;

class FrozenPostgres : protected support::OnPrivatePostgres,
                       public support::Payments,
                       public ::testing::Test {
 protected:
  ~FrozenPostgres() override { server.thaw(); }
};

TEST_F(FrozenPostgres, IsWaitedForNoLongerThanTheBoundWhereAConnectionIsToBeMade) {
  Database fresh{{.url = schema().url(), .connect_timeout = std::chrono::seconds{2}}, "fresh"};
  server.freeze();
  EXPECT_THROW(fresh.check(), DatabaseUnavailable);
  EXPECT_THROW(fresh.exec("SELECT 1"), DatabaseUnavailable);
  EXPECT_THROW(fresh.atomic([] {}), DatabaseUnavailable);
  server.thaw();
  EXPECT_NO_THROW(fresh.exec("SELECT 1"));
}

TEST_F(FrozenPostgres, IsLeftByTheBlockThatAnotherThreadSevers) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    server.freeze();
    std::jthread cutter{[&] {
      // Whether the statement waits already cannot be seen: one that comes later fails as well.
      tx.sever();
    }};
    pay(2);
  }),
               pqxx::broken_connection);
  EXPECT_FALSE(database.in_atomic_block());
  server.thaw();
  EXPECT_TRUE(eventually([&] { return committed_rows().empty(); }));
  database.atomic([&] { pay(3); });
  expect_paid({3});
}

/// With a bound that a test can wait for.
class FrozenUnderAStatement : public FrozenPostgres {
 protected:
  Database bounded{{.url = schema().url(), .connect_timeout = std::chrono::seconds{2}}, "bounded"};
};

TEST_F(FrozenUnderAStatement, IsWaitedForNoLongerThanTheBound) {
  bounded.exec("SELECT 1");
  server.freeze();
  EXPECT_THROW(bounded.exec("SELECT 1"), pqxx::broken_connection);
  server.thaw();
  EXPECT_NO_THROW(bounded.exec("SELECT 1"));
}

TEST_F(FrozenUnderAStatement, FailsTheBlockAsALostConnectionDoes) {  // P1
  EXPECT_THROW(bounded.atomic([&](Transaction& tx) {
    tx.exec("INSERT INTO " + schema().name() + ".payment VALUES (1)");
    server.freeze();
    tx.exec("SELECT 1");
  }),
               pqxx::broken_connection);
  server.thaw();
  EXPECT_TRUE(committed_rows().empty());
}

TEST_F(FrozenUnderAStatement, IsNotWhatAStatementTakesLongFor) {
  EXPECT_EQ(bounded.exec("SELECT 7 FROM pg_sleep(6)")[0][0].as<int>(), 7);
  EXPECT_TRUE(bounded.atomic([](Transaction& tx) { return !tx.exec("SELECT 1 FROM pg_sleep(4)").empty(); }));
}

}  // namespace
}  // namespace aftercommit
