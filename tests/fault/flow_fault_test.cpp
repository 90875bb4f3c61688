/// Flows whose workers are killed at every place of a step, frozen, or left by Redis: each step's effect is
/// there once.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class FlowFault : public FaultTest {
 protected:
  static constexpr long kSteps = 6;

  JobId begin() {
    flows.push_back(tasks.steps.delay(kSteps));
    return flows.back();
  }
  /// Gives all of them what they wait for, whether they do or not.
  void signal_all() {
    for (const auto& flow : flows) app.signal(flow, "go");
  }
  long done() { return count("SELECT count(*) FROM aftercommit.flow WHERE state = 'done'"); }
  bool eventually_done(std::chrono::milliseconds deadline = 60s) {
    return eventually([&] { return done() == static_cast<long>(flows.size()); }, deadline);
  }
  /// The oracle: of every flow each step once, nothing left that waits, and nothing dead.
  void expect_each_step_once() {
    const auto expected = static_cast<long>(flows.size()) * kSteps;
    EXPECT_EQ(count("SELECT count(*) FROM flow_effect"), expected);
    EXPECT_EQ(count("SELECT count(*) FROM (SELECT DISTINCT flow, step FROM flow_effect) AS one"), expected);
    EXPECT_EQ(count("SELECT count(*) FROM aftercommit.job"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM aftercommit.dead"), 0);
  }

  std::vector<JobId> flows;
};

class FlowKillAt : public FlowFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(FlowKillAt, DoesEachStepOnce) {
  auto& first = start_doomed(GetParam());
  for (int i = 0; i < 4; ++i) begin();
  signal_all();
  EXPECT_EQ(first.exit_code(15s), kKilled) << "the place was never passed\n" << first.log();
  auto& later = start_doomed(GetParam(), 3);
  EXPECT_EQ(later.exit_code(15s), kKilled) << "the place was never passed three times\n" << later.log();
  start_worker();
  EXPECT_TRUE(eventually_done());
  expect_each_step_once();
}

INSTANTIATE_TEST_SUITE_P(Places, FlowKillAt,
                         ::testing::Values("flow.before_step", "flow.after_begin", "flow.after_run",
                                           "flow.after_commit", "flow.after_intent", "flow.after_call",
                                           "flow.event_decided", "flow.before_end"),
                         [](const auto& test) {
                           std::string name{test.param};
                           for (auto& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

TEST_F(FlowFault, OfARedisThatLosesItsDataInTheMidstLosesNothing) {
  start_worker();
  for (int i = 0; i < 10; ++i) begin();
  ASSERT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.flow_event") == 10; }))
      << "all of them wait";
  support::ask_redis(redis, {"FLUSHALL"});
  signal_all();
  EXPECT_TRUE(eventually_done());
  expect_each_step_once();
}

TEST_F(FlowFault, ThatASecondWorkerTakesUpWhileTheFirstIsFrozenInAStepIsDoneOnce) {
  auto& frozen = start_doomed("flow.after_run", 2, "stop", {"--concurrency", "1"});
  begin();
  signal_all();
  ASSERT_NE(eventually_stopped(), 0) << "it never came there";
  start_worker();
  EXPECT_TRUE(eventually_done());
  frozen.signal(SIGCONT);
  begin();
  signal_all();
  EXPECT_TRUE(eventually_done());
  expect_each_step_once();
  EXPECT_TRUE(frozen.runs()) << frozen.log();
}

TEST_F(FlowFault, OfManyUnderKillsDoesEachStepOnce) {
  constexpr int kFlows = 60;
  for (int i = 0; i < kFlows; ++i) begin();
  for (int round = 0; round < 12 && done() < kFlows; ++round) {
    auto& worker = start_worker();
    if (round == 2) signal_all();
    const auto before = count("SELECT count(*) FROM flow_effect");
    eventually([&] { return count("SELECT count(*) FROM flow_effect") > before + 25 || done() == kFlows; },
               2s);
    worker.signal(SIGKILL);
    worker.exit_code();
  }
  signal_all();
  start_worker();
  EXPECT_TRUE(eventually_done());
  expect_each_step_once();
}

}  // namespace
}  // namespace aftercommit::fault
