/// The transaction that begins behind a COMMIT: whose it is, and when one has to begin by itself.
#include "client/transaction/next_transaction.hpp"

#include <gtest/gtest.h>

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;

class NextTransactionTest : public ::testing::Test {
 protected:
  static Riders riders() { return {.with_begin = {.statement = nullptr, .values = {}}}; }

  const NextTransaction::Time start{std::chrono::hours{1}};
  Riders mine = riders();
  Riders others = riders();
  NextTransaction next;
};

TEST_F(NextTransactionTest, IsTakenByItsOwnBlockAloneAndOnce) {
  next.begun(mine, {});
  EXPECT_TRUE(next.has_begun());
  EXPECT_FALSE(next.take(&others));
  EXPECT_FALSE(next.take(nullptr)) << "a block without riders";
  EXPECT_TRUE(next.has_begun());
  EXPECT_TRUE(next.take(&mine));
  EXPECT_FALSE(next.has_begun());
  EXPECT_FALSE(next.take(&mine));
}

TEST_F(NextTransactionTest, IsNobodysWhereNoneHasBegun) {
  EXPECT_FALSE(next.take(nullptr));
  EXPECT_FALSE(next.take(&mine));
}

TEST_F(NextTransactionTest, IsNobodysOnceItIsGivenUp) {
  next.begun(mine, {});
  next.forget();
  EXPECT_FALSE(next.take(&mine));
}

TEST_F(NextTransactionTest,
       BeginsByItselfOnceASecondHasGoneByInOneChain) {  // autovacuum hears of its rows then
  next.begin_chain(start);
  EXPECT_TRUE(next.may_begin(start));
  EXPECT_TRUE(next.may_begin(start + 999ms));
  EXPECT_FALSE(next.may_begin(start + 1s));
  next.begin_chain(start + 1s);
  EXPECT_TRUE(next.may_begin(start + 1s));
}

}  // namespace
}  // namespace aftercommit::detail
