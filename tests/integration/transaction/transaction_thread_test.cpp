/// A transaction belongs to its thread: what becomes of a block that another one commits or destroys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Ids = std::vector<long>;

class BlockInAnotherThread : public support::Payments, public ::testing::Test {
 protected:
  static void elsewhere(const std::function<void()>& body) { std::jthread{body}.join(); }

  void insert(long id) { database.exec("INSERT INTO payment VALUES ($1)", id); }

  /// Opened, with a row in it, by a thread that has ended.
  std::unique_ptr<Atomic> left_by_its_thread() {
    std::unique_ptr<Atomic> block;
    elsewhere([&] {
      block = std::make_unique<Atomic>(database);
      insert(1);
    });
    return block;
  }
};

TEST_F(BlockInAnotherThread, IsNotCommittedThereAndGoesOnInItsOwn) {  // P1
  Atomic block{database};
  pay(1);
  elsewhere([&] {
    EXPECT_THAT(message_of<UsageError>([&] { block.commit(); }),
                AllOf(HasSubstr("cannot commit an atomic block on database 'default'"),
                      HasSubstr("from another thread than the one that opened the transaction")));
    EXPECT_THROW(block->exec("INSERT INTO payment VALUES (2)"), UsageError);
    EXPECT_THROW(block.transaction(), UsageError);
    EXPECT_FALSE(block.committed());
  });
  pay(3);
  block.commit();
  elsewhere([&] { EXPECT_TRUE(block.committed()); });
  expect_paid({1, 3});
}

TEST_F(BlockInAnotherThread, IsNotReachedByTheBlocksOfThatThread) {  // P1
  Atomic block{database};
  pay(1);
  elsewhere([&] {
    Atomic own{database};
    insert(2);
    EXPECT_THROW(block.commit(), UsageError);
    own.commit();
  });
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(BlockInAnotherThread, DestroyedIsRolledBackAndItsOwnThreadIsTold) {  // P1
  auto block = std::make_unique<Atomic>(database);
  pay(1);
  elsewhere([&] { block.reset(); });
  EXPECT_THAT(message_of<UsageError>([&] { insert(2); }),
              AllOf(HasSubstr("was destroyed in another thread"), HasSubstr("belongs to its thread")));
  EXPECT_FALSE(database.in_atomic_block());
  pay(3);
  database.atomic([&] { pay(4); });
  expect_paid({3, 4});
}

TEST_F(BlockInAnotherThread, DestroyedTellsWhicheverUseComesNext) {  // P1
  const std::vector<std::function<void()>> uses{[&] { database.atomic([] { FAIL() << "must not run"; }); },
                                                [&] { receipt.delay(1); },
                                                [&] { database.on_commit([] { FAIL() << "must not run"; }); },
                                                [&] { database.savepoint(); },
                                                [&] { database.set_rollback(true); },
                                                [&] { database.set_autocommit(false); },
                                                [&] { database.commit(); }};
  for (const auto& use : uses) {
    auto block = std::make_unique<Atomic>(database);
    insert(1);
    elsewhere([&] { block.reset(); });
    EXPECT_THROW(use(), UsageError);
    EXPECT_NO_THROW(database.exec("SELECT 1"));
    EXPECT_TRUE(database.get_autocommit());
  }
  expect_paid({});
}

TEST_F(BlockInAnotherThread, DestroyedTakesTheBlocksAroundItAndInsideItWithIt) {  // P1
  std::optional<Atomic> outer;
  outer.emplace(database);
  pay(1);
  auto middle = std::make_unique<Atomic>(database);
  std::optional<Atomic> inner;
  inner.emplace(database);
  pay(2);
  elsewhere([&] { middle.reset(); });
  EXPECT_THROW(pay(3), UsageError);
  EXPECT_THROW(inner->commit(), UsageError);
  inner.reset();
  EXPECT_TRUE(database.in_atomic_block()) << "the outer one";
  EXPECT_THROW(outer->commit(), TransactionManagementError);
  EXPECT_FALSE(database.in_atomic_block());
  pay(4);
  expect_paid({4});
}

TEST_F(BlockInAnotherThread, DestroyedInManualModeIsOverAfterRollback) {  // P1
  database.set_autocommit(false);
  insert(1);
  auto block = std::make_unique<Atomic>(database);
  insert(2);
  elsewhere([&] { block.reset(); });
  EXPECT_THROW(insert(3), UsageError);
  EXPECT_THROW(insert(3), TransactionManagementError);
  database.rollback();
  insert(4);
  database.commit();
  database.set_autocommit(true);
  EXPECT_EQ(committed_rows(), (Ids{4}));
}

TEST_F(BlockInAnotherThread, DestroyedAfterItsCommitIsNothing) {
  auto block = std::make_unique<Atomic>(database);
  pay(1);
  block->commit();
  elsewhere([&] { block.reset(); });
  pay(2);
  expect_paid({1, 2});
}

TEST_F(BlockInAnotherThread, WhoseOwnHasEndedIsRolledBackAlready) {  // P1
  const auto block = left_by_its_thread();
  insert(1);  // would wait for ever for a transaction still open
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(BlockInAnotherThread, WhoseOwnHasEndedRefusesEachUse) {  // P1
  const auto block = left_by_its_thread();
  EXPECT_THROW(block->commit(), UsageError);
  EXPECT_THROW(block->transaction(), UsageError);
  // A new thread may have the id of the one that has ended.
  elsewhere([&] { EXPECT_THROW(block->commit(), UsageError); });
  EXPECT_FALSE(block->committed());
  EXPECT_TRUE(committed_rows().empty());
}

TEST_F(BlockInAnotherThread, WhoseOwnHasEndedMayBeDestroyed) {  // P1
  left_by_its_thread().reset();
  auto block = left_by_its_thread();
  elsewhere([&] { block.reset(); });
  pay(2);
  expect_paid({2});
}

TEST_F(BlockInAnotherThread, MayOutliveEvenTheDatabaseItWasOpenedOn) {
  auto other = std::make_unique<Database>(DatabaseOptions{.url = schema().url()}, "other");
  std::unique_ptr<Atomic> block;
  elsewhere([&] { block = std::make_unique<Atomic>(*other); });
  other.reset();
  EXPECT_THROW(block->commit(), UsageError);
}

TEST_F(BlockInAnotherThread, OfAFullPoolGivesItsConnectionBackOnceItsOwnThreadIsTold) {
  Database narrow{{.url = schema().url(), .pool_size = 1, .pool_timeout = std::chrono::milliseconds{20}},
                  "narrow"};
  auto block = std::make_unique<Atomic>(narrow);
  (*block)->exec("SELECT 1");
  elsewhere([&] { block.reset(); });
  EXPECT_THROW(narrow.exec("SELECT 1"), UsageError);
  EXPECT_NO_THROW(narrow.exec("SELECT 1"));
  elsewhere([&] { EXPECT_NO_THROW(narrow.exec("SELECT 1")); });
}

TEST_F(BlockInAnotherThread, OutlivedByTheBlockInsideItIsRolledBackWithThat) {  // P1, in one thread
  auto outer = std::make_unique<Atomic>(database);
  pay(1);
  auto inner = std::make_unique<Atomic>(database);
  pay(2);
  outer.reset();
  EXPECT_FALSE(database.in_atomic_block());
  EXPECT_THAT(message_of<UsageError>([&] { inner->commit(); }),
              HasSubstr("rolled back with the block around it"));
  inner.reset();
  database.atomic([&] { pay(3); });
  expect_paid({3});
}

/// An object that a thread has had from its beginning: it ends after whatever was made later.
struct AtTheThreadsEnd {
  std::function<void()> run;
  ~AtTheThreadsEnd() {
    if (run) run();
  }
};

AtTheThreadsEnd& at_the_threads_end() {
  thread_local AtTheThreadsEnd object;
  return object;
}

TEST_F(BlockInAnotherThread, EndsAfterAllThatTheThreadStillDoesAtItsEnd) {  // P1
  elsewhere([&] {
    at_the_threads_end().run = [&] {
      insert(1);
      database.atomic([&] { insert(2); });
      database.set_autocommit(false);
      insert(3);
    };
    EXPECT_FALSE(database.in_atomic_block());
    insert(4);
  });
  EXPECT_EQ(committed_rows(), (Ids{1, 2, 4}));
  insert(3);  // would wait for ever for a transaction still open
}

}  // namespace
}  // namespace aftercommit
