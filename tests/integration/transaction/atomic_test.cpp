/// Atomic blocks: what is committed and what rolled back, for every nesting of two blocks.  As Django's
/// AtomicTests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "support/fixtures/surroundings.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using ::testing::AllOf;
using ::testing::HasSubstr;

class AtomicBlock : public support::InSurroundings {
 protected:
  static constexpr AtomicOptions kMerged{.savepoint = false};

  /// What Django's matrix is about: pays 1, then 2 in a block inside, and each of the two blocks may fail.
  void pay_twice(const AtomicOptions& inner, bool inner_fails, bool outer_fails) {
    const auto pay_2 = [&] {
      database.atomic(inner, [&] {
        pay(2);
        if (inner_fails) throw Deliberate{};
      });
    };
    const auto pay_1_and_2 = [&] {
      database.atomic([&] {
        pay(1);
        if (inner_fails) {
          EXPECT_THROW(pay_2(), Deliberate);
        } else {
          pay_2();
        }
        if (outer_fails) throw Deliberate{};
      });
    };
    if (outer_fails) {
      EXPECT_THROW(pay_1_and_2(), Deliberate);
    } else if (inner_fails && !inner.savepoint) {
      EXPECT_THROW(pay_1_and_2(), TransactionManagementError);
    } else {
      pay_1_and_2();
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, AtomicBlock, support::everywhere(), support::name_of);

TEST_P(AtomicBlock, CommitsWhenItsBodyReturns) {  // P1
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

TEST_P(AtomicBlock, RollsBackWhenItsBodyThrowsAndLetsTheExceptionGoOn) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw Deliberate{};
  }),
               Deliberate);
  expect_paid({});
}

TEST_P(AtomicBlock, NestedCommitInsideCommitKeepsBoth) {  // P1
  pay_twice({}, false, false);
  expect_paid({1, 2});
}

TEST_P(AtomicBlock, NestedRollbackInsideCommitDropsTheInnerAlone) {  // P1
  pay_twice({}, true, false);
  expect_paid({1});
}

TEST_P(AtomicBlock, NestedCommitInsideRollbackDropsBoth) {  // P1
  pay_twice({}, false, true);
  expect_paid({});
}

TEST_P(AtomicBlock, NestedRollbackInsideRollbackDropsBoth) {  // P1
  pay_twice({}, true, true);
  expect_paid({});
}

TEST_P(AtomicBlock, MergedCommitInsideCommitKeepsBoth) {  // P1
  pay_twice(kMerged, false, false);
  expect_paid({1, 2});
}

TEST_P(AtomicBlock, MergedRollbackInsideCommitDropsBothSinceItMarksTheOuterBlockWhichSaysSo) {  // P1
  pay_twice(kMerged, true, false);
  expect_paid({});
}

TEST_P(AtomicBlock, MergedCommitInsideRollbackDropsBoth) {  // P1
  pay_twice(kMerged, false, true);
  expect_paid({});
}

TEST_P(AtomicBlock, MergedRollbackInsideRollbackDropsBoth) {  // P1
  pay_twice(kMerged, true, true);
  expect_paid({});
}

TEST_P(AtomicBlock, RunsNoFurtherStatementAfterAMergedBlockInsideItFailed) {
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
    EXPECT_TRUE(tx.get_rollback());
    EXPECT_THROW(pay(1), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(AtomicBlock, SaysAtItsEndThatTheExceptionOfAMergedBlockWasSwallowed) {  // P1
  EXPECT_THAT(support::message_of<TransactionManagementError>([&] {
                database.atomic([&] {
                  pay(1);
                  EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
                });
              }),
              AllOf(HasSubstr("was rolled back although its body returned"), HasSubstr("savepoint = false"),
                    HasSubstr("set_rollback(true)")));
  expect_paid({});
}

TEST_P(AtomicBlock, EndsSilentlyAfterAMergedBlockFailedWhereSetRollbackAskedForIt) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
    tx.set_rollback(true);
  });
  database.atomic([&](Transaction& tx) {
    tx.set_rollback(true);
    EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
  });
  expect_paid({});
}

TEST_P(AtomicBlock, CommitsAfterAMergedBlockFailedWhereSetRollbackTookThatBack) {  // as Django's
  database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
    tx.set_rollback(false);
    pay(2);
  });
  expect_paid({1, 2});
}

TEST_P(AtomicBlock, SaysNothingOfAMergedBlockThatFailedWhereItsOwnExceptionLeavesIt) {
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    database.atomic(kMerged, [] { throw Deliberate{}; });
  }),
               Deliberate);
  expect_paid({});
}

TEST_P(AtomicBlock, HandsTheFailureOfAMergedBlockThroughAMergedOneToTheNextThatIsNot) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      pay(2);
      database.atomic(
          kMerged, [&] { EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate); });
    }),
                 TransactionManagementError);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(AtomicBlock, TakesTheMarkOfAMergedBlockNoFurtherThanTheNearestSavepoint) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      pay(2);
      EXPECT_THROW(database.atomic(kMerged, [] { throw Deliberate{}; }), Deliberate);
    }),
                 TransactionManagementError);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(AtomicBlock, OpensNoSavepointInABlockThatWillRollBackAnyway) {
  database.atomic([&](Transaction& tx) {
    tx.set_rollback(true);
    database.atomic([&](Transaction& inner) { EXPECT_TRUE(inner.get_rollback()); });
    EXPECT_TRUE(tx.get_rollback()) << "the block inside must not take the mark with it";
  });
  expect_paid({});
}

TEST_P(AtomicBlock, TheSameBodyMayRunInsideItself) {  // P1, as Django's reuse of one atomic object
  const std::function<void(long)> pay_down = [&](long id) {
    database.atomic([&] {
      pay(id);
      if (id > 1) pay_down(id - 1);
      if (id == 2) throw Deliberate{};
    });
  };
  EXPECT_THROW(pay_down(2), Deliberate);
  database.atomic([&] {
    pay(4);
    EXPECT_THROW(pay_down(2), Deliberate);
    pay_down(1);
  });
  expect_paid({1, 4});
}

TEST_P(AtomicBlock, SetRollbackTrueRollsBackSilently) {  // P1, as Django's test_force_rollback
  database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_FALSE(tx.get_rollback());
    tx.set_rollback(true);
    EXPECT_TRUE(tx.get_rollback());
  });
  expect_paid({});
}

TEST_P(AtomicBlock, SetRollbackFalseAfterASavepointIsRolledBackSavesTheRest) {  // P1, test_prevent_rollback
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto savepoint = tx.savepoint();
    pay(2);
    EXPECT_THROW(database.atomic(kMerged, [&] { database.exec("SELECT no_such_column FROM payment"); }),
                 pqxx::undefined_column);
    EXPECT_TRUE(tx.get_rollback());
    tx.set_rollback(false);
    tx.savepoint_rollback(savepoint);
    EXPECT_FALSE(tx.get_rollback());
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(AtomicBlock, SetRollbackFalseAloneDoesNotTurnAFailedStatementIntoACommit) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_THROW(tx.exec("SELECT no_such_column FROM payment"), pqxx::undefined_column);
    tx.set_rollback(false);
    EXPECT_TRUE(tx.get_rollback());
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(AtomicBlock, RollsBackForAnExceptionThatIsNoStdException) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw 42;
  }),
               int);
  database.atomic([&] {
    pay(2);
    EXPECT_THROW(database.atomic([&] {
      pay(3);
      throw "text";
    }),
                 const char*);
  });
  expect_paid({2});
}

TEST_P(AtomicBlock, HandsOnTheExceptionItselfWithItsTypeAndText) {
  struct Bankrupt : std::logic_error {
    Bankrupt() : std::logic_error{"no money left"} {}
    int missing = 7;
  };
  try {
    database.atomic([&] { database.atomic([] { throw Bankrupt{}; }); });
    FAIL() << "nothing was thrown";
  } catch (const Bankrupt& error) {
    EXPECT_STREQ(error.what(), "no money left");
    EXPECT_EQ(error.missing, 7);
  }
}

TEST_P(AtomicBlock, HandsOnAnErrorOfTheDatabaseAsItsOwnType) {
  database.atomic([&] { pay(1); });
  EXPECT_THROW(database.atomic([&] { pay(1); }), pqxx::unique_violation);
  expect_paid({1});
}

TEST_P(AtomicBlock, ReturnsWhatItsBodyReturns) {
  EXPECT_EQ(database.atomic([] { return 7; }), 7);
  EXPECT_EQ(
      database.atomic([](Transaction& tx) { return tx.exec("SELECT 'seven'")[0][0].as<std::string>(); }),
      "seven");
  const auto moved = database.atomic([] { return std::make_unique<int>(7); });
  EXPECT_EQ(*moved, 7);
}

TEST_P(AtomicBlock, TakesABodyThatCanOnlyBeMoved) {
  EXPECT_EQ(database.atomic([number = std::make_unique<int>(7)] { return *number; }), 7);
}

TEST_P(AtomicBlock, KnowsWhetherItIsOpen) {
  const bool surrounded = GetParam() == support::Surroundings::kInsideABlock;
  EXPECT_EQ(database.in_atomic_block(), surrounded);
  database.atomic([&] { EXPECT_TRUE(database.in_atomic_block()); });
  EXPECT_EQ(database.in_atomic_block(), surrounded);
}

TEST_P(AtomicBlock, AsAnObjectKeepsWhatWasDoneOnlyIfItIsCommitted) {  // P1
  {
    Atomic block{database};
    block->exec("SELECT 1");
    pay(1);
    block.commit();
  }
  {
    const Atomic block{database};
    pay(2);
  }
  expect_paid({1});
}

TEST_P(AtomicBlock, AsAnObjectIsLeftOnce) {
  Atomic block{database};
  block.commit();
  EXPECT_THROW(block.commit(), UsageError);
}

TEST_P(AtomicBlock, AsAnObjectCannotBeCommittedBeforeTheOneInsideIt) {  // P1
  {
    Atomic block{database};
    pay(1);
    {
      const Atomic inside{database};
      EXPECT_THROW(block.commit(), UsageError);
    }
    block.commit();
  }
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
