/// Flows that wait for jobs: all of them at once, in steps of the jobs' own commits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>

#include "aftercommit/error.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class FlowChildrenOf : public support::FlowTest, public ::testing::WithParamInterface<const char*> {
 protected:
  FlowChildrenOf() : FlowTest{GetParam()} {}

  long count(const std::string& query) { return app.database().exec(sql(query))[0][0].as<long>(); }
  /// A flow that was not woken looks each 15 s; so this far behind its last child nothing but a look ends it.
  static constexpr double kBeforeALook = 5.0;
  double seconds_after_its_children(const JobId& flow) {
    return app.database()
        .exec(sql("SELECT extract(epoch FROM ended_at - (SELECT max(done_at) FROM {schema}.flow_child WHERE "
                  "flow_child.flow = flow.id))::float8 FROM {schema}.flow WHERE id = $1"),
              flow)[0][0]
        .as<double>();
  }
};
INSTANTIATE_TEST_SUITE_P(Intake, FlowChildrenOf, ::testing::Values("redis", "none"),
                         [](const auto& intake) { return std::string{intake.param}; });

TEST_P(FlowChildrenOf, AreAllDoneBeforeTheFlowGoesOn) {
  start_worker({"--concurrency", "4"});
  const auto flow = begin(1, "step a;all prints 20;step b");
  EXPECT_TRUE(eventually_ended(flow));
  const auto effects = effects_in_order();
  ASSERT_EQ(effects.size(), 22U);
  EXPECT_EQ(effects.front(), 101);
  EXPECT_EQ(effects.back(), 103);
  EXPECT_LT(seconds_after_its_children(flow), kBeforeALook);
}

TEST_P(FlowChildrenOf, GiveWhatTheyHaveReturnedInTheirOrder) {
  start_worker({"--concurrency", "4"});
  const auto flow = begin(1, "answers ask 5");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("answers: answer 1,answer 1,answer 1,answer 1,answer 1,"));
}

TEST_P(FlowChildrenOf, ThatReturnWhatTheCodeDoesNotTakeLetItGoOnOnceItDoes) {
  start_worker();
  const auto flow = begin(1, "numbers ask 2;step b");
  EXPECT_THAT(eventually_dead(1).at(0).reason,
              AllOf(HasSubstr("children 'ask'"), HasSubstr("then retry it")));
  change_code(1, "answers ask 2;step b");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("answers: answer 1,answer 1,"));
}

TEST_P(FlowChildrenOf, MayBeNoneAtAll) {
  start_worker();
  const auto flow = begin(1, "all prints 0;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(effects(), std::vector<long>{102});
}

TEST_P(FlowChildrenOf, MayBeFlowsThatWaitThemselves) {
  start_worker();
  const auto flow = begin(1, "flows orders 3;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(count("SELECT count(*) FROM {schema}.flow WHERE state = 'done'"), 4);
  EXPECT_EQ(effects_in_order().back(), 102);
  EXPECT_EQ(effects().size(), 7U) << "two steps of each child";
  EXPECT_LT(seconds_after_its_children(flow), kBeforeALook);
}

TEST_P(FlowChildrenOf, ExistIfAndOnlyIfTheStepThatAsksForThemCommits) {
  start_worker();
  const auto flow = begin(1, "all_but_fails prints 2;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(effects().size(), 3U) << "those of the attempt that failed were never there";
}

TEST_P(FlowChildrenOf, OfWhichOneDiesHaveTheFlowDieWithItsNameAndGoOnOnceItIsRetried) {
  start_worker();
  const auto flow = begin(1, "step a;one_fails prints 0;step b");
  const auto dead = eventually_dead(2);
  const auto& of_flow = dead.at(0).job->id == flow ? dead.at(0) : dead.at(1);
  const auto& of_child = dead.at(0).job->id == flow ? dead.at(1) : dead.at(0);
  EXPECT_THAT(of_flow.reason, AllOf(HasSubstr("waits for 'prints'"), HasSubstr(of_child.job->id.str()),
                                    HasSubstr("task flow is dead")));
  const auto between = app.database().exec(
      sql("SELECT extract(epoch FROM max(died_at) - min(died_at))::float8 FROM {schema}.dead"));
  EXPECT_LT(between[0][0].as<double>(), kBeforeALook) << "at once";
  EXPECT_TRUE(table.revive(of_child.job->id));
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(effects_in_order().back(), 103);
}

TEST_P(FlowChildrenOf, AreManyAndWakeTheFlowWithoutALookOfItsOwn) {
  constexpr long kMany = 1000;
  start_worker({"--concurrency", "8", "--relay-interval", "600"});
  const auto flow = begin(1, "all prints " + std::to_string(kMany) + ";step b");
  EXPECT_TRUE(eventually_ended(flow, 60s));
  EXPECT_EQ(count("SELECT count(DISTINCT value) FROM effect"), kMany + 1);
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kMany + 1));
  EXPECT_LT(seconds_after_its_children(flow), kBeforeALook);
}

TEST_P(FlowChildrenOf, AreWaitedForAcrossAKillOfTheWorker) {
  auto& first = start_worker();
  const auto flow = begin(1, "all prints 200;step b");
  EXPECT_TRUE(eventually([&] { return effects().size() > 20; }));
  first.signal(SIGKILL);
  first.exit_code();
  start_worker();
  EXPECT_TRUE(eventually_ended(flow, 60s));
  EXPECT_EQ(effects().size(), 201U);
}

TEST_P(FlowChildrenOf, WithoutATransactionTellItToo) {
  start_worker();
  const auto flow = begin(1, "bare prints 3;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_LT(seconds_after_its_children(flow), kBeforeALook);
  EXPECT_TRUE(eventually_effects({102, 100'000, 100'001, 100'002}))
      << "what they have asked for runs as well";
}

TEST_P(FlowChildrenOf, WhoseTaskRunsInBatchesRunOneByOneAndTellIt) {
  constexpr long kMany = 30;  // of ten that would run together
  start_worker({"--concurrency", "1"});
  const auto flow = begin(1, "together prints " + std::to_string(kMany) + ";step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kMany + 1));
  EXPECT_EQ(count("SELECT count(*) FROM journal WHERE note LIKE 'of %' AND note <> 'of 1'"), 0);
  EXPECT_LT(seconds_after_its_children(flow), kBeforeALook);
}

TEST_P(FlowChildrenOf, AreLeftAloneWhereTheFlowIsCancelled) {
  start_worker();
  support::HeldLock lock{database_url, lock_key};
  const auto flow = begin(1, "locked prints " + std::to_string(lock_key) + ";step b");
  ASSERT_TRUE(eventually([&] { return is_parked(flow); }));
  EXPECT_TRUE(eventually([&] { return app.cancel(flow) != Cancelled::kRunning; }));
  EXPECT_FALSE(table.find(flow));
  EXPECT_TRUE(table.find(child_of(flow)));
  lock.release();
  EXPECT_TRUE(eventually_effects({100'000}));
}

class FlowChild : public support::FlowTest {
 protected:
  static constexpr double kLook = 15.0;   // each so many seconds
  static constexpr double kSlack = 10.0;  // of a busy machine
};

/// Nobody tells the flow, which looks each 15 s by itself: so this takes as long, once.
TEST_F(FlowChild, ThatIsCancelledHasTheFlowDieOfItWithin15Seconds) {
  constexpr auto kLonger = support::kDeadline + 15s;
  start_worker();
  const auto flow = begin(1, "later prints;step b");
  ASSERT_TRUE(eventually([&] { return is_parked(flow); }));
  const auto child = child_of(flow);
  EXPECT_TRUE(eventually([&] { return app.cancel(child) != Cancelled::kRunning; }));
  const auto cancelled_at = database_time();
  ASSERT_TRUE(eventually([&] { return table.find_dead(flow).has_value(); }, kLonger));
  EXPECT_LT(database_time() - cancelled_at, kLook + kSlack);
  EXPECT_THAT(eventually_dead(1).at(0).reason,
              AllOf(HasSubstr("waits for 'prints'"), HasSubstr(child.str()), HasSubstr("gone: cancelled")));
  EXPECT_TRUE(effects().empty());
}

}  // namespace
}  // namespace aftercommit
