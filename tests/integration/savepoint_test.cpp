/// Savepoints by hand: what their rollback takes back, what their release keeps, and which of them are valid.
#include <gtest/gtest.h>

#include "support/surroundings.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;

class Savepoint : public support::InSurroundings {};

INSTANTIATE_TEST_SUITE_P(Everywhere, Savepoint, support::everywhere(), support::name_of);

TEST_P(Savepoint, RolledBackTakesBackRowsJobsAndHooksSinceThen) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto savepoint = tx.savepoint();
    pay(2);
    tx.savepoint_rollback(savepoint);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(Savepoint, ReleasedKeepsRowsJobsAndHooks) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto savepoint = tx.savepoint();
    pay(2);
    tx.savepoint_commit(savepoint);
    pay(3);
  });
  expect_paid({1, 2, 3});
}

TEST_P(Savepoint, ReleasedIsStillTakenBackByTheOneAroundIt) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto outer = tx.savepoint();
    pay(2);
    const auto inner = tx.savepoint();
    pay(3);
    tx.savepoint_commit(inner);
    tx.savepoint_rollback(outer);
  });
  expect_paid({1});
}

TEST_P(Savepoint, MayBeRolledBackAgainAndAgain) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    for (const long id : {1, 2, 3}) {
      pay(id);
      tx.savepoint_rollback(savepoint);
    }
    pay(4);
  });
  expect_paid({4});
}

TEST_P(Savepoint, LeftOpenIsKeptByTheEndOfItsBlock) {  // P1
  database.atomic([&](Transaction& tx) {
    tx.savepoint();
    pay(1);
    database.atomic([&] {
      tx.savepoint();
      pay(2);
    });
  });
  expect_paid({1, 2});
}

TEST_P(Savepoint, InsideOneThatIsRolledBackOrReleasedIsNoLongerValid) {
  database.atomic([&](Transaction& tx) {
    const auto outer = tx.savepoint();
    const auto inner = tx.savepoint();
    tx.savepoint_rollback(outer);
    EXPECT_THROW(tx.savepoint_rollback(inner), UsageError);
    EXPECT_THROW(tx.savepoint_commit(inner), UsageError);
    tx.savepoint_commit(outer);
    EXPECT_THROW(tx.savepoint_rollback(outer), UsageError);
    EXPECT_THROW(tx.savepoint_rollback({"no such savepoint"}), UsageError);
    pay(1);
  });
  expect_paid({1});
}

TEST_P(Savepoint, AroundAnOpenBlockTakesThatBlockWithItAndMarksTheOuterOne) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    EXPECT_THROW(database.atomic([&] {
      pay(1);
      tx.savepoint_rollback(savepoint);
      pay(2);
    }),
                 UsageError);
    EXPECT_TRUE(tx.get_rollback());
    EXPECT_THROW(pay(3), TransactionManagementError);
  });
  expect_paid({});
}

TEST_P(Savepoint, AroundAnOpenBlockTakenBackMakesItsFailureMarkTheOuterBlock) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    EXPECT_THROW(database.atomic([&] {
      tx.savepoint_rollback(savepoint);
      pay(1);
      throw Deliberate{};
    }),
                 Deliberate);
    EXPECT_TRUE(tx.get_rollback());
  });
  expect_paid({});
}

TEST_P(Savepoint, OfABlockIsGoneOnceTheBlockHasFailed) {  // as Django's test_atomic_does_not_leak_savepoints
  database.atomic([&](Transaction& tx) {
    SavepointId leaked;
    EXPECT_THROW(database.atomic([&] {
      leaked = tx.savepoint();
      throw Deliberate{};
    }),
                 Deliberate);
    EXPECT_THROW(tx.savepoint_commit(leaked), UsageError);
  });
}

class SavepointOnItsOwn : public support::Payments, public testing::Test {};

TEST_F(SavepointOnItsOwn, IsAnErrorInAutocommit) {
  EXPECT_THROW(database.savepoint(), TransactionManagementError);
  EXPECT_THROW(database.savepoint_commit({"s1"}), UsageError);
  EXPECT_THROW(database.savepoint_rollback({"s1"}), UsageError);
}

TEST_F(SavepointOnItsOwn, OfAnEarlierTransactionIsNeverTakenForOneOfThisOne) {  // P1
  const auto earlier = database.atomic([](Transaction& tx) { return tx.savepoint(); });
  database.atomic([&](Transaction& tx) {
    tx.savepoint();
    pay(1);
    EXPECT_THROW(tx.savepoint_rollback(earlier), UsageError);
  });
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
