/// Autocommit, manual management and the older styles: who commits when no atomic block does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::HasSubstr;
using Ids = std::vector<long>;

class Transactions : public support::Payments, public ::testing::Test {
 protected:
  ~Transactions() override {
    if (database.get_autocommit()) return;
    database.rollback();
    database.set_autocommit(true);
  }
  void insert(long id) { database.exec("INSERT INTO payment VALUES ($1)", id); }
};

class Autocommit : public Transactions {};
class ManualMode : public Transactions {};
class ForbiddenInABlock : public Transactions {};
class OlderStyles : public Transactions {};

TEST_F(Autocommit, IsHowAThreadBegins) {
  EXPECT_TRUE(database.get_autocommit());
  EXPECT_FALSE(database.in_atomic_block());
  EXPECT_THROW(database.transaction(), TransactionManagementError);
}

TEST_F(Autocommit, CommitsEachStatementByItself) {
  insert(1);
  EXPECT_EQ(committed_rows(), (Ids{1}));
  EXPECT_THROW(insert(1), pqxx::unique_violation);
  insert(2);
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
}

TEST_F(Autocommit, MakesCommitAndRollbackMeanNothing) {
  insert(1);
  database.rollback();
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(Autocommit, HasNoRollbackFlag) {
  EXPECT_THROW(database.get_rollback(), TransactionManagementError);
  EXPECT_THROW(database.set_rollback(true), TransactionManagementError);
}

TEST_F(ManualMode, KeepsWhatWasDoneOnlyAtCommit) {
  database.set_autocommit(false);
  EXPECT_FALSE(database.get_autocommit());
  insert(1);
  insert(2);
  EXPECT_EQ(committed_rows(), Ids{});
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
}

TEST_F(ManualMode, ForgetsWhatWasDoneAtRollback) {
  database.set_autocommit(false);
  insert(1);
  database.rollback();
  insert(2);
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(ManualMode, EndsOnlyWhenNoTransactionIsOpen) {
  database.set_autocommit(false);
  insert(1);
  EXPECT_THAT(message_of<TransactionManagementError>([&] { database.set_autocommit(true); }),
              HasSubstr("a transaction is open"));
  EXPECT_FALSE(database.get_autocommit());
  database.commit();
  database.set_autocommit(true);
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(ManualMode, RunsNothingAfterAFailedStatementUntilRollback) {  // as Django's NonAutocommitTests
  database.set_autocommit(false);
  insert(1);
  EXPECT_THROW(insert(1), pqxx::unique_violation);
  EXPECT_THAT(message_of<TransactionManagementError>([&] { insert(2); }), HasSubstr("INSERT INTO payment"));
  database.rollback();
  insert(3);
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{3}));
}

TEST_F(ManualMode, NeverCommitsAfterASwallowedError) {  // P1
  database.set_autocommit(false);
  insert(1);
  EXPECT_THROW(insert(1), pqxx::unique_violation);
  EXPECT_THAT(message_of<TransactionManagementError>([&] { database.commit(); }),
              HasSubstr("INSERT INTO payment"));
  EXPECT_EQ(committed_rows(), Ids{});
}

TEST_F(ManualMode, RefusesItsSavepointsInABlockAndCommitsWhatElseTheBlockDid) {  // P1
  database.set_autocommit(false);
  const auto savepoint = database.savepoint();
  database.atomic([&](Transaction& tx) {
    insert(1);
    EXPECT_THROW(tx.savepoint_rollback(savepoint), UsageError);
    EXPECT_THROW(tx.savepoint_commit(savepoint), UsageError);
  });
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(ManualMode, HasSavepoints) {
  database.set_autocommit(false);
  const auto savepoint = database.savepoint();
  insert(1);
  EXPECT_THROW(insert(1), pqxx::unique_violation);
  database.savepoint_rollback(savepoint);
  insert(2);
  database.savepoint_commit(savepoint);
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(ManualMode, MakesTheOutermostBlockASavepointThatWaitsForCommit) {  // P1
  database.set_autocommit(false);
  database.atomic([&] { pay(1); });
  expect_paid({});
  EXPECT_THROW(database.atomic([&] {
    pay(2);
    throw Deliberate{};
  }),
               Deliberate);
  database.commit();
  expect_paid({1});
}

TEST_F(ManualMode, DropsTheJobsAndHooksOfItsBlocksAtRollback) {  // P1
  database.set_autocommit(false);
  database.atomic([&] { pay(1); });
  database.rollback();
  database.commit();
  expect_paid({});
}

TEST_F(ManualMode, RefusesADurableBlockWhichWouldCommitNothing) {  // P1
  database.set_autocommit(false);
  EXPECT_THAT(
      message_of<UsageError>([&] { database.atomic({.durable = true}, [] { FAIL() << "must not run"; }); }),
      HasSubstr("in manual transaction management"));
  database.atomic([&] {
    EXPECT_THROW(database.atomic({.durable = true}, [] { FAIL() << "must not run"; }), UsageError);
    insert(1);
  });
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(ManualMode, AllowsNoOutermostBlockWithoutASavepoint) {
  database.set_autocommit(false);
  EXPECT_THROW(database.atomic({.savepoint = false}, [] {}), TransactionManagementError);
}

TEST_F(ManualMode, IsTheThreadsOwn) {
  database.set_autocommit(false);
  insert(1);
  std::jthread{[&] {
    EXPECT_TRUE(database.get_autocommit());
    insert(2);
  }}.join();
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(ManualMode, RollsBackWhatAThreadLeavesOpenWhenItEnds) {
  std::jthread{[&] {
    database.set_autocommit(false);
    insert(1);
  }}.join();
  EXPECT_EQ(committed_rows(), Ids{});
  insert(1);  // would wait for ever for a transaction still open
}

class HookAfterACommitByHand : public Transactions {
 protected:
  /// Commits a row by hand, with this hook.
  void commit_with(const std::function<void()>& hook) {
    database.atomic([&](Transaction& tx) {
      insert(1);
      tx.on_commit(hook);
    });
    database.commit();
  }
  /// Of the pool's sessions; what is open in one would be lost or block others.
  bool none_is_in_a_transaction() {
    return outside(
               "SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND application_name = "
               "'" +
               schema().name() + "'")
        .empty();
  }
};

TEST_F(HookAfterACommitByHand, RunsAsIfInAutocommitAndManualModeGoesOnAfterIt) {  // P1, as Django's hooks
  database.set_autocommit(false);
  bool ran = false;
  commit_with([&] {
    EXPECT_TRUE(database.get_autocommit());
    EXPECT_FALSE(database.in_atomic_block());
    EXPECT_THROW(database.transaction(), TransactionManagementError);
    insert(2);
    EXPECT_EQ(committed_rows(), (Ids{1, 2}));
    ran = true;
  });
  EXPECT_TRUE(ran);
  EXPECT_TRUE(none_is_in_a_transaction());
  EXPECT_FALSE(database.get_autocommit());
  insert(3);
  database.rollback();
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
}

TEST_F(HookAfterACommitByHand, CommitsItsBlocksAndSendsTheirJobs) {  // P1
  database.set_autocommit(false);
  commit_with([&] { database.atomic([&] { pay(2); }); });
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
  EXPECT_EQ(jobs(), (Ids{2}));
  EXPECT_EQ(hooks(), (Ids{2}));
}

TEST_F(HookAfterACommitByHand, MayAskForJobsOfEveryDelivery) {
  database.set_autocommit(false);
  commit_with([&] {
    receipt.delay(2);
    receipt.apply_async({.delivery = Delivery::kOnCommit}, 3);
    receipt.apply_async({.delivery = Delivery::kImmediate}, 4);
  });
  EXPECT_EQ(jobs(), (Ids{2, 3, 4}));
}

TEST_F(HookAfterACommitByHand, MayRegisterAnotherWhichRunsAtOnce) {
  database.set_autocommit(false);
  commit_with([&] { database.on_commit([&] { note_hook(2); }); });
  EXPECT_EQ(hooks(), (Ids{2}));
}

TEST_F(HookAfterACommitByHand, MayManageATransactionOfItsOwnByHand) {
  database.set_autocommit(false);
  commit_with([&] {
    database.commit_manually([&] {
      insert(2);
      database.commit();
    });
  });
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
  EXPECT_FALSE(database.get_autocommit());
}

TEST_F(HookAfterACommitByHand, ThatThrowsLeavesManualModeAsItWas) {
  database.set_autocommit(false);
  EXPECT_THROW(commit_with([&] {
                 database.exec("SELECT 1");
                 throw Deliberate{};
               }),
               Deliberate);
  EXPECT_FALSE(database.get_autocommit());
  EXPECT_TRUE(none_is_in_a_transaction());
  insert(2);
  EXPECT_EQ(committed_rows(), (Ids{1}));
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1, 2}));
}

TEST_F(HookAfterACommitByHand, ThatLeavesATransactionOpenIsAnErrorAndWhatItLeftIsRolledBack) {  // P1
  std::optional<Atomic> left;
  const std::vector<std::function<void()>> ways{[&] {
                                                  database.set_autocommit(false);
                                                  insert(2);
                                                },
                                                [&] {
                                                  left.emplace(database);
                                                  insert(2);
                                                }};
  for (const bool manual : {false, true}) {
    for (const auto& way : ways) {
      database.set_autocommit(!manual);
      const auto commit = [&] {
        database.atomic([&](Transaction& tx) {
          insert(1);
          tx.on_commit(way);
        });
        if (manual) database.commit();
      };
      EXPECT_THAT(message_of<UsageError>(commit), HasSubstr("a hook has left a transaction open"));
      EXPECT_EQ(database.get_autocommit(), !manual);
      EXPECT_TRUE(none_is_in_a_transaction());
      left.reset();
      database.atomic([&] { insert(3); });
      if (manual) database.commit();
      EXPECT_EQ(committed_rows(), (Ids{1, 3})) << "manual: " << manual;
      outside("TRUNCATE payment");
    }
  }
  database.set_autocommit(true);
}

TEST_F(HookAfterACommitByHand, ThatQueriesLeavesCommitManuallyContent) {  // P1: a loop would pay again
  int tries = 0;
  database.commit_manually([&] {
    ++tries;
    commit_with([&] { EXPECT_EQ(database.exec("SELECT FROM payment").size(), 1U); });
  });
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(ForbiddenInABlock, AreCommitRollbackAndSetAutocommit) {  // as Django's AtomicErrorsTests
  database.atomic([&] {
    EXPECT_THAT(message_of<TransactionManagementError>([&] { database.commit(); }),
                HasSubstr("commit() is forbidden"));
    EXPECT_THROW(database.rollback(), TransactionManagementError);
    EXPECT_THROW(database.set_autocommit(true), TransactionManagementError);
    EXPECT_THROW(database.set_autocommit(false), TransactionManagementError);
    pay(1);
  });
  expect_paid({1});
}

TEST_F(ForbiddenInABlock, AreTheOlderStylesThatChangeAutocommit) {
  database.atomic([&] {
    EXPECT_THROW(database.autocommit([] {}), TransactionManagementError);
    EXPECT_THROW(database.commit_manually([] {}), TransactionManagementError);
    pay(1);
  });
  expect_paid({1});
}

TEST_F(OlderStyles, AutocommitCommitsStatementsOneByOneAndRestoresTheModeBefore) {
  database.set_autocommit(false);
  EXPECT_EQ(database.autocommit([&] {
    insert(1);
    EXPECT_EQ(committed_rows(), (Ids{1}));
    return 7;
  }),
            7);
  EXPECT_FALSE(database.get_autocommit());
}

TEST_F(OlderStyles, AutocommitRefusedLeavesTheOpenTransactionAsItIs) {  // P1
  database.set_autocommit(false);
  insert(1);
  EXPECT_THROW(database.autocommit([] {}), TransactionManagementError);
  database.commit();
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(OlderStyles, CommitOnSuccessCommitsOnReturnAndRollsBackOnException) {  // P1
  EXPECT_EQ(database.commit_on_success([&] {
    pay(1);
    return 7;
  }),
            7);
  EXPECT_THROW(database.commit_on_success([&] {
    pay(2);
    throw Deliberate{};
  }),
               Deliberate);
  expect_paid({1});
}

TEST_F(OlderStyles, CommitOnSuccessNestedIsOneWithTheOuterWhichNeverEndsSilentlyWithoutItsRows) {  // P1
  EXPECT_THAT(message_of<TransactionManagementError>([&] {
                database.commit_on_success([&] {
                  pay(1);
                  EXPECT_THROW(database.commit_on_success([&] {
                    pay(2);
                    throw Deliberate{};
                  }),
                               Deliberate);
                });
              }),
              HasSubstr("whose exception was swallowed"));
  expect_paid({});
}

TEST_F(OlderStyles, CommitManuallyKeepsWhatItsBodyCommits) {
  const auto result = database.commit_manually([&] {
    insert(1);
    database.commit();
    insert(2);
    database.rollback();
    return std::make_unique<int>(7);
  });
  EXPECT_EQ(*result, 7);
  EXPECT_TRUE(database.get_autocommit());
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(OlderStyles, CommitManuallyLeftDirtyRollsBackAndIsAnError) {
  EXPECT_THAT(message_of<TransactionManagementError>([&] {
                database.commit_manually([&] {
                  insert(1);
                  database.commit();
                  insert(2);
                });
              }),
              HasSubstr("neither commit() nor rollback()"));
  EXPECT_TRUE(database.get_autocommit());
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(OlderStyles, CommitManuallyLeftByAnExceptionRollsBackAndLetsItGoOn) {
  EXPECT_THROW(database.commit_manually([&] {
    insert(1);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_TRUE(database.get_autocommit());
  insert(1);
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(OlderStyles, EndTheBlocksThatTheirBodiesLeaveOpen) {  // P1: the session is for others as well
  std::optional<Atomic> left;
  const auto leave_a_block = [&] {
    left.emplace(database);
    insert(1);
  };
  const auto expect_all_ended = [&](bool autocommit) {
    EXPECT_FALSE(database.in_atomic_block());
    EXPECT_EQ(database.get_autocommit(), autocommit);
    EXPECT_THROW(left->commit(), UsageError);
    left.reset();
    EXPECT_EQ(committed_rows(), Ids{});
  };
  EXPECT_THROW(database.commit_manually(leave_a_block), TransactionManagementError);
  expect_all_ended(true);
  EXPECT_THROW(database.commit_manually([&] {
    leave_a_block();
    throw Deliberate{};
  }),
               Deliberate);
  expect_all_ended(true);
  database.set_autocommit(false);
  database.autocommit(leave_a_block);
  expect_all_ended(false);
  database.set_autocommit(true);
  insert(2);
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(OlderStyles, CommitManuallyThatDidNothingIsNotDirty) {
  EXPECT_NO_THROW(database.commit_manually([] {}));
}

}  // namespace
}  // namespace aftercommit
