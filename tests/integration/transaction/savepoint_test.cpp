/// Savepoints by hand: what their rollback takes back, what their release keeps, and which of them are valid.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/fixtures/surroundings.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using ::testing::AllOf;
using ::testing::HasSubstr;

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

TEST_P(Savepoint, OfABlockIsRefusedInABlockInsideBeforeAnythingIsSent) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    pay(1);
    database.atomic([&] {
      pay(2);
      EXPECT_THAT(support::message_of<UsageError>([&] { tx.savepoint_rollback(savepoint); }),
                  AllOf(HasSubstr("cannot roll back savepoint"), HasSubstr("leave that block first")));
      EXPECT_THROW(tx.savepoint_commit(savepoint), UsageError);
      EXPECT_FALSE(tx.get_rollback());
      pay(3);
    });
    tx.savepoint_commit(savepoint);
    pay(4);
  });
  expect_paid({1, 2, 3, 4});
}

TEST_P(Savepoint, OfABlockIsGoodInABlockMergedWithIt) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    pay(1);
    database.atomic({.savepoint = false}, [&] {
      pay(2);
      tx.savepoint_rollback(savepoint);
      pay(3);
    });
    pay(4);
  });
  expect_paid({3, 4});
}

TEST_P(Savepoint, OfAMergedBlockIsGoodInTheBlockAroundIt) {  // P1
  database.atomic([&](Transaction& tx) {
    SavepointId savepoint;
    database.atomic({.savepoint = false}, [&] { savepoint = tx.savepoint(); });
    pay(1);
    tx.savepoint_rollback(savepoint);
    pay(2);
  });
  expect_paid({2});
}

TEST_P(Savepoint, OfABlockHealsItAfterTheRefusalInABlockInside) {  // P1
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    pay(1);
    EXPECT_THROW(database.atomic([&] { tx.savepoint_rollback(savepoint); }), UsageError);
    tx.savepoint_rollback(savepoint);
    pay(2);
  });
  expect_paid({2});
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

class SavepointOnItsOwn : public support::Payments, public ::testing::Test {};

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

TEST_F(SavepointOnItsOwn, OfAnotherDatabaseIsNeverTakenForOneOfThisOne) {  // P1
  Database other{{.url = schema().url()}, "other"};
  database.atomic([&](Transaction& tx) {
    tx.savepoint();
    pay(1);
    other.atomic([&](Transaction& of_other) {
      const auto foreign = of_other.savepoint();
      EXPECT_THROW(tx.savepoint_rollback(foreign), UsageError);
      EXPECT_THROW(tx.savepoint_commit(foreign), UsageError);
    });
  });
  expect_paid({1});
}

TEST_F(SavepointOnItsOwn, OfAnotherThreadIsNeverTakenForOneOfThisOne) {  // P1
  database.atomic([&](Transaction& tx) {
    SavepointId foreign;
    std::jthread{[&] { foreign = database.atomic([](Transaction& own) { return own.savepoint(); }); }}.join();
    tx.savepoint();
    pay(1);
    EXPECT_THROW(tx.savepoint_rollback(foreign), UsageError);
  });
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
