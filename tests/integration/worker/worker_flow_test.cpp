/// Flows: what each step leaves, and how a flow gets from one to the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::HeldLock;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WorkerFlow : public support::FlowTest, public ::testing::WithParamInterface<const char*> {
 protected:
  WorkerFlow() : FlowTest{GetParam()} {}
};
INSTANTIATE_TEST_SUITE_P(Intake, WorkerFlow, ::testing::Values("redis", "none"),
                         [](const auto& intake) { return std::string{intake.param}; });

TEST_P(WorkerFlow, DoesItsStepsInTheirOrderEachOnceAndLeavesNoRow) {
  start_worker();
  const auto flow = begin(1, "step a;step b;step c");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
  EXPECT_THAT(texts(flow), ElementsAre("begins", "does a", "has a 101", "does b", "has b 102", "does c",
                                       "has c 103", "ends"));
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]", "step b [102]", "step c [103]"));
}

TEST_P(WorkerFlow, WithoutAStepEnds) {
  start_worker();
  const auto flow = begin(1, "");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), ElementsAre("begins", "ends"));
  EXPECT_THAT(effects(), IsEmpty());
}

TEST_P(WorkerFlow, RollsAFailedStepBackAndDoesNotRunTheFinishedOnesAgain) {
  start_worker();
  const auto flow = begin(1, "step a;fail b 2;step c");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
  const auto told = texts(flow);
  EXPECT_EQ(std::ranges::count(told, "does a"), 1);
  EXPECT_EQ(std::ranges::count(told, "has a 101"), 3) << "read back by each attempt";
}

TEST_P(WorkerFlow, GivesEachStepAllRetriesAnew) {
  start_worker();  // two retries each, and the sequence `tries` counts on
  const auto flow = begin(1, "fail a 2;fail b 5;fail c 8");
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
}

TEST_P(WorkerFlow, DiesOfAStepThatUsesUpItsRetriesAndGoesOnThereWhenItIsRetried) {
  start_worker();
  const auto flow = begin(1, "step a;fail b 3;step c");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.reason, "b failed");
  EXPECT_EQ(letter.job->errors.size(), 3U);
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
}

TEST_P(WorkerFlow, TakesTheRetriesOfAStepThatSaysItsOwn) {
  start_worker();
  begin(1, "step a;fail_once_more b 2");
  EXPECT_EQ(eventually_dead(1).at(0).job->errors.size(), 2U);
}

TEST_P(WorkerFlow, TakesTheRetriesOfAStepThatThrowsRetry) {
  start_worker();  // two retries each, and this step has one
  begin(1, "step a;retry b");
  EXPECT_EQ(eventually_dead(1).at(0).job->errors.size(), 2U);
}

TEST_P(WorkerFlow, TakesTheRetriesOfAStepThatIsCutShortByItsTimeLimit) {
  start_worker();
  tasks.flow.apply_async({.time_limit = 300ms}, 1, "step a;overtime b");
  EXPECT_EQ(eventually_dead(1).at(0).job->errors.size(), 1U) << "this step has none";
}

TEST_P(WorkerFlow, FailsWhereItsBodyThrowsBetweenSteps) {
  start_worker();
  begin(1, "step a;throw;step b");
  EXPECT_EQ(eventually_dead(1).at(0).reason, "thrown between steps");
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
}

TEST_P(WorkerFlow, RunsAStepAgainAtOnceWhoseTransactionMeetsAConflict) {
  start_worker();
  const auto flow = begin(1, "step a;conflict b 2;step c");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
  EXPECT_EQ(workers.back().count("job retried"), 0);
}

TEST_P(WorkerFlow, AsksForJobsThatExistIfAndOnlyIfTheStepDoes) {
  start_worker();
  const auto flow = begin(1, "ask a");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_TRUE(eventually_effects({101, 151}));
}

TEST_P(WorkerFlow, GoesOnWhereAHookOfAStepFailsAfterItsCommit) {
  start_worker();
  const auto flow = begin(1, "hook a;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102));
  EXPECT_TRUE(workers.back().says("a hook failed"));
}

TEST_P(WorkerFlow, RefusesAStepThatHasItsTransactionRolledBack) {
  start_worker();
  begin(1, "roll_back a");
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("had its transaction rolled back"));
}

TEST_P(WorkerFlow, SleepsInItsRowAndHoldsNoThread) {
  start_worker({"--concurrency", "1"});
  const auto sleeper = begin(1, "step a;sleep night 2000;step b");
  EXPECT_TRUE(eventually(
      [&] { return workers.back().count("job snoozed by its task, which uses up no retry") == 1; }));
  const auto other = begin(2, "step a;step b");
  EXPECT_TRUE(eventually_ended(other));
  EXPECT_THAT(effects(), ElementsAre(101, 201, 202)) << "by the only thread";
  EXPECT_TRUE(eventually_ended(sleeper));
  const auto times = step_times(sleeper);
  EXPECT_GE(times.at(2) - times.at(1), 2.0);
  EXPECT_LT(times.at(2) - times.at(1), 10.0);
}

TEST_P(WorkerFlow, SleepsOnAfterItsWorkerWasKilled) {
  start_worker();
  const auto flow = begin(1, "step a;sleep night 1500;step b");
  EXPECT_TRUE(eventually([&] { return steps(flow).size() == 2; }));
  workers.clear();
  start_worker();
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103));
  const auto times = step_times(flow);
  EXPECT_GE(times.at(2) - times.at(1), 1.5);
}

TEST_P(WorkerFlow, ThatHasBegunDoesNotExpire) {
  start_worker();
  const auto flow = tasks.flow.apply_async({.expires = 800ms}, 1, "step a;sleep nap 1200;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103));
}

TEST_P(WorkerFlow, IsNoPoisonPillWhereItGetsOnBetweenCrashes) {
  start_worker();  // dead after the third crash, if they counted
  const auto flow = begin(1, "crash a 1;crash b 3;crash c 5;crash d 7");
  EXPECT_TRUE(eventually_ended(flow, 60s)) << workers.back().log();
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103, 104));
  // Nor where it had crashed twice before, in the step that it has done by now.
  const auto other = begin(2, "crash a 10;crash b 12");
  EXPECT_TRUE(eventually_ended(other, 60s)) << workers.back().log();
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103, 104, 201, 202));
}

TEST_P(WorkerFlow, DiesOfAStepThatBringsItsProcessDownEachTime) {
  start_worker();
  begin(1, "step a;crash b 100;step c");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kCrashed);
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
}

TEST_P(WorkerFlow, CallsTheOutsideAgainWhereNobodyKnowsWhetherItDid) {
  start_worker();
  const auto flow = begin(1, "step a;call pay 1;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(std::ranges::count(texts(flow), "called pay"), 2) << "at least once";
  EXPECT_THAT(texts(flow), Contains("has answer"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103));
}

TEST_P(WorkerFlow, AsksTheProbeBeforeItCallsTheOutsideAgain) {
  start_worker();
  const auto flow = begin(1, "step a;call_with_probe pay 1;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(std::ranges::count(texts(flow), "called pay"), 1);
  EXPECT_EQ(std::ranges::count(texts(flow), "probed pay"), 1);
  EXPECT_THAT(texts(flow), Contains("has answer of before"));
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]", "external pay \"answer of before\"", "step b [103]"));
}

TEST_P(WorkerFlow, NeedsNoProbeWhereTheCallCameBack) {
  start_worker();
  const auto flow = begin(1, "call_with_probe pay 0;fail b 1");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(std::ranges::count(texts(flow), "probed pay"), 0);
  EXPECT_EQ(std::ranges::count(texts(flow), "called pay"), 1);
}

TEST_P(WorkerFlow, ThatIsCancelledInAStepRollsThatBackAndDoesNoOther) {
  start_worker();
  HeldLock lock{database_url, lock_key};
  const auto flow = begin(1, "step a;lock b " + std::to_string(lock_key) + ";step c");
  EXPECT_TRUE(eventually([&] { return says(flow, "does b"); }));
  EXPECT_EQ(app.cancel(flow), Cancelled::kRunning);
  EXPECT_TRUE(eventually([&] { return app.cancel(flow) == Cancelled::kCancelledBefore; }));
  lock.release();
  EXPECT_FALSE(table.find(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
}

TEST_P(WorkerFlow, ThatIsCancelledInItsSleepNeverWakes) {
  start_worker();
  const auto flow = begin(1, "step a;sleep night 1000;step b");
  EXPECT_TRUE(eventually([&] { return steps(flow).size() == 2; }));
  EXPECT_TRUE(eventually([&] { return app.cancel(flow) == Cancelled::kDelayed; }));
  const auto other = begin(2, "sleep night 1500;step b");
  EXPECT_TRUE(eventually_ended(other));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 202));
}

TEST_P(WorkerFlow, IsGivenBackBetweenStepsByAWorkerThatHasNoMorePatience) {
  auto& first = start_worker({"--shutdown-timeout", "1"});
  HeldLock lock{database_url, lock_key};
  const auto flow = begin(1, "step a;lock b " + std::to_string(lock_key) + ";step c");
  EXPECT_TRUE(eventually([&] { return says(flow, "does b"); }));
  first.signal(SIGTERM);
  EXPECT_TRUE(first.exit_code());
  lock.release();
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
  start_worker();
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 103));
}

TEST_P(WorkerFlow, IsOneForItsKeyUntilItHasEnded) {
  start_worker();
  const auto ask = [&] {
    return tasks.flow.apply_unique({.unique = Unique{.key = "order 7"}}, 1, "step a;event go;step c");
  };
  const auto first = ask();
  EXPECT_TRUE(first.own);
  ASSERT_TRUE(eventually([&] { return waits_for(first.id, "go"); }));
  const auto second = ask();
  EXPECT_FALSE(second.own) << "though no transaction has the row of one that waits";
  EXPECT_EQ(second.id, first.id);
  app.signal(first.id, "go", "on");
  EXPECT_TRUE(eventually_ended(first.id));
  EXPECT_TRUE(ask().own);
}

class FlowDeclaration : public support::WorkerTest {
 protected:
  std::string refusal(const TaskOptions& options) {
    try {
      app.flow<long>("other", options);
    } catch (const UsageError& error) {
      return error.what();
    }
    return {};
  }
};

TEST_F(FlowDeclaration, RefusesWhatAFlowCannotBe) {
  EXPECT_THAT(refusal({.delivery = Delivery::kOnCommit}),
              HasSubstr("'other' is declared with another delivery"));
  EXPECT_THAT(refusal({.transactional = false}), HasSubstr("transactional = false"));
  EXPECT_THAT(refusal({.result_ttl = 1h}), HasSubstr("a result_ttl"));
  EXPECT_THAT(refusal({.limits = {Concurrency{}}}), HasSubstr("limits"));
}

TEST_F(FlowDeclaration, RefusesToBeReplacedInItsMidst) {
  const auto refused = HasSubstr("'other' cannot be unique: it is a flow");
  EXPECT_THAT(refusal({.unique = Unique{.on_duplicate = Unique::kReplace}}), refused);
  EXPECT_THAT(refusal({.unique = Unique{.on_duplicate = Unique::kDebounce}}), refused);
  EXPECT_THAT(refusal({.unique = Unique{.on_duplicate = Unique::kOnceMore}}), refused);
  EXPECT_THAT(refusal({.unique = Unique{.until = Unique::kStart}}), refused);
  EXPECT_THROW(tasks.flow.apply_async({.unique = Unique{.on_duplicate = Unique::kReplace}}, 1, "step a"),
               UsageError);
}

TEST_F(FlowDeclaration, IsDurableWhateverTheCallSays) {
  EXPECT_THROW(tasks.flow.apply_async({.delivery = Delivery::kImmediate}, 1, "step a"), UsageError);
}

}  // namespace
}  // namespace aftercommit
