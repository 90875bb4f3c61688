/// The ids of transactions that rows show: made whole, or not guessed.
#include "operate/blame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aftercommit::operate {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kAllIds = 1ULL << 32U;

TEST(BlamedRow, ShowsAnIdThatIsWholeWhileIdsHaveNotBegunAnew) {
  EXPECT_EQ(whole_id(761, 800, 70), 761U);
  EXPECT_EQ(whole_id(3, 800, 70), 3U) << "a frozen row shows the same";
  EXPECT_EQ(whole_id(3'000'000'000, 4'000'000'000, 70), 3'000'000'000U);
}

TEST(BlamedRow, ShowsTheIdThatWasTheLastOfThoseItMayBe) {
  EXPECT_EQ(whole_id(761, 3 * kAllIds + 800, 70), 3 * kAllIds + 761);
  EXPECT_EQ(whole_id(4'294'967'290, kAllIds + 10, 70), 4'294'967'290U);
}

TEST(BlamedRow, TellsNoTransactionWhereItMayHaveBeenFrozenBeforeIdsBeganAnew) {
  EXPECT_EQ(whole_id(700, kAllIds + 800, 70), std::nullopt);
  EXPECT_EQ(whole_id(700, kAllIds + 800, 100), kAllIds + 700) << "it cannot be frozen yet";
}

TEST(BlamedRow, TellsNoTransactionByAMark) {
  for (const std::uint32_t mark : {0U, 1U, 2U}) EXPECT_EQ(whole_id(mark, 800, 2'000'000'000), std::nullopt);
  EXPECT_EQ(whole_id(900, 800, 70), std::nullopt) << "it is yet to come: of another server";
}

TEST(BlamedRow, ThatIsOlderThanTheHistorySaysSo) {
  Blame blame;
  blame.finding = Blame::Finding::kUnknown;
  blame.xid = "700";
  blame.has_history = true;
  EXPECT_THAT(blame.reasons().at(0), HasSubstr("the history is empty"));
  blame.since_xid = "701";
  EXPECT_THAT(blame.reasons().at(0), HasSubstr("older than the history, which begins with transaction 701"));
  blame.since_xid = "699";
  EXPECT_EQ(blame.reasons().size(), 4U);
  blame.finding = Blame::Finding::kWritten;
  EXPECT_TRUE(blame.reasons().empty());
}

}  // namespace
}  // namespace aftercommit::operate
