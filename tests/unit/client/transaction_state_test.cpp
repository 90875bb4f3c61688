/// The states of a transaction: what each allows, and what leads out of it.
#include "client/transaction/transaction_state.hpp"

#include <gtest/gtest.h>

namespace aftercommit::detail {
namespace {

using Stage = TransactionState::Stage;

class TransactionStates : public ::testing::Test {
 protected:
  void begin() {
    state.enter("BEGIN");
    state.take_begin();
  }

  TransactionState state;
};

TEST_F(TransactionStates, BeginWithNone) {
  EXPECT_EQ(state.stage(), Stage::kNone);
  EXPECT_FALSE(state.exists());
  EXPECT_FALSE(state.open());
  EXPECT_FALSE(state.on_server());
  EXPECT_TRUE(state.healthy());
}

TEST_F(TransactionStates, AreOpenBeforeTheServerHearsOfIt) {
  state.enter("BEGIN READ ONLY");
  EXPECT_TRUE(state.open());
  EXPECT_TRUE(state.due());
  EXPECT_FALSE(state.on_server()) << "there is nothing to roll back";
  EXPECT_EQ(state.take_begin(), "BEGIN READ ONLY");
  EXPECT_FALSE(state.due());
  EXPECT_TRUE(state.on_server());
}

TEST_F(TransactionStates, AreNotOpenForWhatHasBegunAheadBeforeItIsEntered) {
  begin();
  state.end(true);
  EXPECT_TRUE(state.exists());
  EXPECT_TRUE(state.on_server()) << "it is to be rolled back if nobody enters it";
  EXPECT_FALSE(state.open());
  state.enter_ahead();
  EXPECT_TRUE(state.open());
  EXPECT_FALSE(state.due()) << "its BEGIN has been sent";
}

TEST_F(TransactionStates, OfAFailedStatementAreHealedByASavepoint) {
  begin();
  state.fail("no such table");
  EXPECT_TRUE(state.broken());
  EXPECT_FALSE(state.healthy());
  EXPECT_FALSE(state.lost());
  EXPECT_TRUE(state.on_server());
  EXPECT_EQ(state.failure(), "no such table");
  state.heal();
  EXPECT_EQ(state.stage(), Stage::kRunning);
  EXPECT_EQ(state.failure(), "");
}

TEST_F(TransactionStates, OfALostConnectionAreNotHealed) {
  begin();
  state.lose("cut");
  state.heal();
  state.fail("one more statement");
  EXPECT_EQ(state.stage(), Stage::kLost);
  EXPECT_TRUE(state.broken());
  EXPECT_FALSE(state.on_server());
  EXPECT_EQ(state.failure(), "one more statement");
}

TEST_F(TransactionStates, OfAForkedChildStayThoseOfTheParent) {
  begin();
  state.fork("of the parent");
  state.lose("destroyed in another thread");
  EXPECT_TRUE(state.forked());
  EXPECT_TRUE(state.lost());
  EXPECT_FALSE(state.on_server());
}

TEST_F(TransactionStates, EndWithAllThatWasSaidOfThem) {
  for (const auto worsen : {&TransactionState::fail, &TransactionState::lose, &TransactionState::fork}) {
    begin();
    (state.*worsen)("why");
    state.mark_failed();
    state.end(false);
    EXPECT_EQ(state.stage(), Stage::kNone);
    EXPECT_TRUE(state.healthy());
    EXPECT_EQ(state.failure(), "");
    EXPECT_EQ(state.surprise(), "");
  }
}

TEST_F(TransactionStates, SayWhatBrokeABlockThatRollsBackUnasked) {
  begin();
  EXPECT_EQ(state.surprise(), "");
  state.mark_failed();
  EXPECT_FALSE(state.healthy());
  EXPECT_NE(state.surprise().find("a block merged with it"), std::string::npos);
  state.fail("statement 'x' failed");
  EXPECT_EQ(state.surprise(), "statement 'x' failed");
}

TEST_F(TransactionStates, AreNoSurpriseWhereARollbackWasAskedFor) {
  begin();
  state.ask_rollback(true);
  state.fail("statement 'x' failed");
  state.mark_failed();
  EXPECT_TRUE(state.marked());
  EXPECT_EQ(state.surprise(), "");
}

TEST_F(TransactionStates, AreASurpriseAgainWhereTheRollbackWasTakenBack) {
  begin();
  state.ask_rollback(true);
  state.ask_rollback(false);
  EXPECT_TRUE(state.healthy());
  state.mark_failed();
  EXPECT_NE(state.surprise(), "");
}

}  // namespace
}  // namespace aftercommit::detail
