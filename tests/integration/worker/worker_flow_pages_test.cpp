/// Steps of flows that are loops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FlowPages : public support::FlowTest {
 protected:
  FlowPages() : FlowTest{"none"} {}

  /// Of the numbers of a loop.
  static std::vector<long> from_to(long first, long last) {
    std::vector<long> numbers(static_cast<std::size_t>(last - first + 1));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
  }
  std::vector<std::string> pages(const JobId& flow) {
    auto told = texts(flow);
    std::erase_if(told, [](const auto& text) { return !text.starts_with("page"); });
    return told;
  }
};

TEST_F(FlowPages, DoEachRowOfAQueryOnceInTheOrderOfItsKeyAndLeaveOneRow) {
  start_worker();
  const auto flow = begin(1, "numbers_by four 4;step b");
  const auto full = begin(2, "numbers_by five 5");
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  EXPECT_TRUE(eventually_ended(full)) << workers.back().log();
  auto expected = from_to(101'001, 101'010);
  expected.insert(expected.begin(), 102);
  for (const auto number : from_to(201'001, 201'010)) expected.push_back(number);
  EXPECT_THAT(effects(), ElementsAreArray(expected));
  EXPECT_THAT(pages(flow), ElementsAre("page of 4", "page of 4", "page of 2"));
  EXPECT_THAT(pages(full), ElementsAre("page of 5", "page of 5")) << "and no empty one";
  EXPECT_THAT(steps(flow), ElementsAre("pages four 10", "step b [102]"));
  EXPECT_THAT(texts(flow), Contains("has four 10"));
}

TEST_F(FlowPages, PartNoRowsOfOneKeyAndRefuseThoseWithoutOne) {
  start_worker();
  const auto twins = begin(1, "twins two 2");
  EXPECT_TRUE(eventually_ended(twins)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAreArray(from_to(101'001, 101'010)));
  EXPECT_THAT(pages(twins), ElementsAre("page of 3", "page of 2", "page of 2", "page of 2", "page of 1"))
      << "a page ends behind all rows of its last key";
  begin(2, "nulls three 3");
  EXPECT_THAT(eventually_dead(1).at(0).reason,
              AllOf(HasSubstr("rows whose key 'Key' is NULL"), HasSubstr("pages 'three'")));
  begin(3, "numbers_by none 0");
  EXPECT_THAT(eventually_dead(2).at(0).reason, HasSubstr("a page has at least 1 row"));
}

TEST_F(FlowPages, OfACursorGoOnWhereTheLastPartThatCommittedHasEnded) {
  start_worker();
  const auto flow = begin(1, "parts five 2;step b");
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  auto expected = from_to(101'001, 101'005);
  expected.insert(expected.begin(), 102);
  EXPECT_THAT(effects(), ElementsAreArray(expected));
  EXPECT_THAT(steps(flow), ElementsAre("pages five 5", "step b [102]"));
  EXPECT_THAT(texts(flow), Contains("has five 5"));
}

TEST_F(FlowPages, HaveAllRetriesForEachPageAndGoOnFromTheOneThatUsedThemUp) {
  start_worker();  // two retries each
  const auto flow = begin(1, "undo back 0;parts five 100");
  EXPECT_TRUE(eventually([&] { return table.find_dead(flow).has_value(); }));
  EXPECT_THAT(effects_in_order(), ElementsAre(102'001, 102'002, -101))
      << "an undo before it is for what it has done";
  const auto again = begin(2, "parts five 103");
  EXPECT_TRUE(eventually([&] { return table.find_dead(again).has_value(); }));
  EXPECT_THAT(steps(again), ElementsAre(AllOf(HasSubstr("pages five"), HasSubstr("2"))));
  change_code(2, "parts five 0");
  EXPECT_TRUE(table.revive(again));
  EXPECT_TRUE(eventually_ended(again)) << workers.back().log();
  EXPECT_THAT(effects_in_order(),
              ElementsAre(102'001, 102'002, -101, 201'001, 201'002, 201'003, 201'004, 201'005));
}

TEST_F(FlowPages, WhosePlaceTheCodeDoesNotTakeAreAKeptErrorAndGoOnWithTheRightCode) {
  start_worker();
  const auto flow = begin(1, "parts five 100");
  ASSERT_TRUE(eventually([&] { return table.find_dead(flow).has_value(); }));
  for (const auto* const other : {"texts five", "numbers_by five 4"}) {
    change_code(1, other);
    ASSERT_TRUE(table.revive(flow));
    ASSERT_TRUE(eventually([&] { return table.find_dead(flow).has_value(); }));
    EXPECT_THAT(eventually_dead(1).at(0).reason,
                HasSubstr("cannot go on with pages 'five' where they have come to"));
  }
  change_code(1, "parts five 0");
  ASSERT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAreArray(from_to(101'001, 101'005)));
}

}  // namespace
}  // namespace aftercommit
