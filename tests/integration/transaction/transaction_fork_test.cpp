/// A fork inside a transaction: it stays the parent's, and the child leaves its connection alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::HasSubstr;
using Ids = std::vector<long>;

class TransactionFork : public support::Payments, public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "it forbids new threads in a child of a process with several";
#endif
  }

  /// Runs `body` in a child, and again the rest of what the test does until `end_of_child()`; true in it.
  bool fork_here() {
    child_ = ::fork();
    return child_ == 0;
  }
  [[noreturn]] static void end_of_child() { ::_exit(HasFailure() ? 1 : 0); }
  void expect_child_content() {
    int status = -1;
    ASSERT_EQ(::waitpid(child_, &status, 0), child_);
    EXPECT_EQ(status, 0) << "the child's expectations failed";
  }
  void insert(long id) { database.exec("INSERT INTO payment VALUES ($1)", id); }

 private:
  pid_t child_ = -1;
};

TEST_F(TransactionFork, LeavesTheTransactionToTheParent) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    if (fork_here()) {
      EXPECT_THAT(message_of<UsageError>([&] { insert(2); }),
                  HasSubstr("this process was forked inside the transaction of its parent"));
      EXPECT_THROW(tx.exec("INSERT INTO payment VALUES (2)"), UsageError);
      EXPECT_THROW(tx.on_commit([] {}), UsageError);
      EXPECT_THROW(tx.savepoint(), UsageError);
      EXPECT_THROW(receipt.delay(2), UsageError);
      EXPECT_THROW(database.atomic([] { FAIL() << "must not run"; }), UsageError);
      tx.cancel();
      tx.sever();
      end_of_child();
    }
    expect_child_content();
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_F(TransactionFork, RefusesTheCommitOfAChildThatLeavesTheBlock) {  // P1
  bool child = false;
  const auto run = [&] {
    database.atomic([&] {
      pay(1);
      child = fork_here();
      if (!child) expect_child_content();
    });
  };
  const auto refusal = message_of<UsageError>(run);
  if (child) {
    EXPECT_THAT(refusal, HasSubstr("cannot commit an atomic block"));
    EXPECT_FALSE(database.in_atomic_block());
    end_of_child();
  }
  EXPECT_EQ(refusal, "(nothing was thrown)");
  expect_paid({1});
}

TEST_F(TransactionFork, RefusesTheCommitOfAChildWhereNothingWasSentYet) {  // P1: its hooks would run twice
  bool child = false;
  const auto run = [&] {
    database.atomic([&](Transaction& tx) {
      tx.on_commit([&] { EXPECT_FALSE(child) << "the hook must not run"; });
      child = fork_here();
      if (!child) expect_child_content();
    });
  };
  const auto refusal = message_of<UsageError>(run);
  if (child) {
    EXPECT_THAT(refusal, HasSubstr("cannot commit an atomic block"));
    end_of_child();
  }
  EXPECT_EQ(refusal, "(nothing was thrown)");
}

TEST_F(TransactionFork, SendsNoRollbackInTheNameOfTheParentWhereTheChildThrows) {  // P1
  bool child = false;
  try {
    database.atomic([&] {
      pay(1);
      try {
        database.atomic([&] {
          pay(2);
          child = fork_here();
          if (child) throw Deliberate{};
          expect_child_content();
        });
      } catch (const Deliberate&) {
        EXPECT_TRUE(child);
        throw;
      }
    });
  } catch (const Deliberate&) {
    if (child) end_of_child();
    throw;
  }
  expect_paid({1, 2});
}

TEST_F(TransactionFork, LetsTheChildHaveTransactionsOfItsOwnOnceItHasLeftThatOne) {  // P1
  bool child = false;
  try {
    database.atomic([&] {
      insert(1);
      child = fork_here();
      if (child) throw Deliberate{};
      expect_child_content();
      insert(3);
    });
  } catch (const Deliberate&) {
  }
  if (child) {
    database.atomic([&] { insert(2); });
    EXPECT_EQ(database.exec("SELECT FROM payment").size(), 1U);
    end_of_child();
  }
  EXPECT_EQ(committed_rows(), (Ids{1, 2, 3}));
}

TEST_F(TransactionFork, LeavesATransactionByHandToTheParentToo) {  // P1
  database.set_autocommit(false);
  insert(1);
  if (fork_here()) {
    EXPECT_THROW(database.commit(), UsageError);
    EXPECT_THROW(insert(2), UsageError);
    database.rollback();
    insert(2);
    database.commit();
    end_of_child();
  }
  expect_child_content();
  EXPECT_EQ(committed_rows(), (Ids{2}));
  database.commit();
  database.set_autocommit(true);
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
}

TEST_F(TransactionFork, BetweenTransactionsGivesTheChildConnectionsOfItsOwn) {
  pay(1);
  if (fork_here()) {
    insert(2);
    database.atomic([&] { insert(3); });
    end_of_child();
  }
  expect_child_content();
  insert(4);
  EXPECT_EQ(committed_rows(), (Ids{1, 2, 3, 4}));
}

}  // namespace
}  // namespace aftercommit
