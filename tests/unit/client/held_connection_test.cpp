/// What other threads may do to the transaction of a session, as far as that needs no server.
#include "client/transaction/held_connection.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace aftercommit::detail {
namespace {

class HeldConnectionTest : public ::testing::Test {
 protected:
  void abandon(std::uint64_t transaction, std::size_t depth) {
    std::jthread{[&] { held.abandon({transaction, depth}); }}.join();
  }

  HeldConnection held;
};

TEST_F(HeldConnectionTest, TellsOnceOfTheOutermostBlockThatOthersHaveDestroyed) {
  EXPECT_EQ(held.take_abandoned(), 0U);
  abandon(held.transaction(), 3);
  abandon(held.transaction(), 2);
  abandon(held.transaction(), 4);
  EXPECT_EQ(held.take_abandoned(), 2U);
  EXPECT_EQ(held.take_abandoned(), 0U);
}

TEST_F(HeldConnectionTest, TellsNothingOfBlocksWhoseTransactionHasEnded) {
  const auto before = held.transaction();
  abandon(before, 1);
  held.end_transaction();
  EXPECT_EQ(held.take_abandoned(), 0U);
  abandon(before, 1);
  EXPECT_EQ(held.take_abandoned(), 0U);
}

TEST_F(HeldConnectionTest, HasNumbersOfItsOwnForItsTransactions) {
  HeldConnection other;
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(held.transaction(), other.transaction());
    held.end_transaction();
  }
}

TEST_F(HeldConnectionTest, MayBeReachedForWhereNoneIsHeld) {
  EXPECT_FALSE(held);
  EXPECT_EQ(held.share(), nullptr);
  held.cancel();
  held.sever();
  held.give_back(true);
  EXPECT_FALSE(held);
}

}  // namespace
}  // namespace aftercommit::detail
