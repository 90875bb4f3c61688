/// Chains and groups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlanOf : public support::FlowTest {
 protected:
  PlanOf() : FlowTest{"none"} {}
};

TEST_F(PlanOf, AChainGivesEachPartWhatTheOneBeforeItHasReturned) {
  start_worker();
  const auto plan =
      tasks.plans.delay(chain(tasks.plus(1, 2), tasks.plus(10), tasks.plus(100), tasks.insert(7)));
  EXPECT_TRUE(eventually_ended(plan)) << workers.back().log();
  EXPECT_THAT(effects_in_order(), ElementsAre(3, 13, 113, 7)) << "the last one was given all it takes";
  EXPECT_THAT(steps(plan), ElementsAre("children 1 plus [3]", "children 2 plus [13]", "children 3 plus [113]",
                                       "children 4 insert [null]"));
  const auto single = tasks.plans.delay(tasks.insert(8));
  EXPECT_TRUE(eventually_ended(single)) << workers.back().log();
}

TEST_F(PlanOf, AGroupRunsSideBySideAndGivesAllResultsToWhatComesThenAlsoInOneAnother) {
  start_worker();
  const auto plan = tasks.plans.delay(group(tasks.plus(1, 2), tasks.plus(3, 4)).then(tasks.total()));
  EXPECT_TRUE(eventually_ended(plan)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAre(3, 7, 10));
  const auto nested = tasks.plans.delay(
      chain(tasks.plus(100, 1), group(tasks.plus(10), chain(tasks.plus(20), tasks.plus(30))), tasks.total()));
  EXPECT_TRUE(eventually_ended(nested)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAre(3, 7, 10, 101, 111, 121, 151, 262));
  EXPECT_THAT(steps(nested), ElementsAre("children 1 plus [101]", "children 2 group of 2 [111,151]",
                                         "children 3 total [null]"));
}

TEST_F(PlanOf, AnEmptyGroupIsDoneAtOnceAndOneOfTenThousandWhenAllAre) {
  start_worker();
  const std::vector<decltype(tasks.plus(1, 2))> none;
  const auto empty = tasks.plans.delay(group(none).then(tasks.total()));
  EXPECT_TRUE(eventually_ended(empty)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAre(0));
  constexpr long kMany = 10'000;
  std::vector<decltype(tasks.insert(1))> many;
  for (long n = 1; n <= kMany; ++n) many.push_back(tasks.insert(n));
  const auto plan = tasks.plans.delay(group(many).then(tasks.insert(-1)));
  EXPECT_TRUE(eventually_ended(plan, 120s)) << workers.back().log();
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kMany) + 2);
}

TEST_F(PlanOf, AMemberThatDiesHasThePlanDieWithItsNameAndGoOnOnceItIsRetried) {
  start_worker();
  const auto plan =
      tasks.plans.delay(group(tasks.insert(1), tasks.flow(7, "fail x 3")).then(tasks.insert(99)));
  EXPECT_TRUE(eventually([&] { return table.find_dead(plan).has_value(); })) << workers.back().log();
  const auto letters = eventually_dead(2);
  EXPECT_THAT(std::get<DeadLetter>(decode_dead_letter(table.find_dead(plan)->letter)).reason,
              AllOf(HasSubstr("1 group of 2"), HasSubstr("of task flow is dead")));
  EXPECT_THAT(effects(), ElementsAre(1));
  for (const auto& letter : letters) EXPECT_TRUE(letter.job->id == plan || table.revive(letter.job->id));
  EXPECT_TRUE(table.revive(plan));
  EXPECT_TRUE(eventually_ended(plan)) << workers.back().log();
  EXPECT_THAT(effects(), ElementsAre(1, 99, 701));
}

TEST_F(PlanOf, AChainThatIsCancelledAsksForNoMore) {
  start_worker();
  support::HeldLock lock{database_url, lock_key};
  const auto plan = tasks.plans.delay(chain(tasks.wait_for_lock(5, lock_key), tasks.insert(6)));
  EXPECT_TRUE(eventually([&] { return is_parked(plan) && app.cancel(plan) != Cancelled::kRunning; }));
  lock.release();
  EXPECT_TRUE(eventually([&] { return app.database().exec(sql("SELECT FROM {schema}.job")).empty(); }));
  EXPECT_THAT(effects(), ElementsAre(5)) << "the part that ran is a job as any";
}

TEST_F(PlanOf, WhatIsNoPlanIsADeadLetterThatSaysSo) {
  start_worker();
  app.database().exec(sql("SELECT {schema}.enqueue('plans', '[\"[1]\"]')"));
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("this is no plan"));
}

}  // namespace
}  // namespace aftercommit
