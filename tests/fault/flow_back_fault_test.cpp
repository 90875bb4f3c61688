/// Flows on their way back, and loops of flows, whose workers are killed: each undo and each page is done
/// once.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class FlowBackFault : public FaultTest {
 protected:
  static constexpr long kStepsBack = 3;

  long dead() { return count("SELECT count(*) FROM aftercommit.dead"); }
  /// So many rows, none twice, and no job left.
  void expect_once(long rows) {
    EXPECT_EQ(count("SELECT count(*) FROM flow_effect"), rows);
    EXPECT_EQ(count("SELECT count(*) FROM (SELECT DISTINCT flow, step FROM flow_effect) AS one"), rows);
    EXPECT_EQ(count("SELECT count(*) FROM aftercommit.job"), 0);
  }
};

class FlowBackKillAt : public FlowBackFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(FlowBackKillAt, DoesEachUndoOnce) {
  constexpr long kFlows = 4;
  auto& first = start_doomed(GetParam(), 14);
  for (long i = 0; i < kFlows; ++i) tasks.saga.delay(kStepsBack);
  EXPECT_EQ(first.exit_code(15s), kKilled) << "the place was never passed\n" << first.log();
  auto& later = start_doomed(GetParam(), 5);
  EXPECT_EQ(later.exit_code(15s), kKilled) << "the place was never passed five times\n" << later.log();
  auto& last = start_worker();
  EXPECT_TRUE(eventually([&] { return dead() == kFlows; }, 60s)) << last.log();
  expect_once(kFlows * 2 * kStepsBack);
  EXPECT_EQ(
      count("SELECT count(*) FROM aftercommit.dead WHERE letter LIKE '%it is not to be; what it had done is "
            "undone%'"),
      kFlows);
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT step, lag(step) OVER (PARTITION BY flow ORDER BY ctid) AS "
                  "before FROM "
                  "flow_effect WHERE step < 0) AS back WHERE step < before"),
            0)
      << "backwards";
}

INSTANTIATE_TEST_SUITE_P(Places, FlowBackKillAt,
                         ::testing::Values("flow.before_step", "flow.after_begin", "flow.after_run",
                                           "flow.after_commit"),
                         [](const auto& test) {
                           std::string name{test.param};
                           for (auto& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

/// FAULT_ROWS: with so many instead.
long rows_of_a_loop() {
  const char* const rows = std::getenv("FAULT_ROWS");
  return rows != nullptr ? std::stol(rows) : 20'000;
}

TEST_F(FlowBackFault, OfALoopWhoseWorkersAreKilledAgainAndAgainDoesEachRowOnce) {
  const auto rows = rows_of_a_loop();
  tasks.pages.delay(rows, 100);
  const auto done = [&] { return count("SELECT count(*) FROM aftercommit.flow WHERE state = 'done'") == 1; };
  int kills = 0;
  for (auto place = 0L; place < rows - rows / 10 && !done(); ++kills) {
    auto& worker = start_worker();
    const auto begun = std::chrono::steady_clock::now();
    eventually(
        [&] {
          place = count("SELECT coalesce(max(step), 0) FROM flow_effect");
          const bool enough = std::getenv("FAULT_ROWS") != nullptr
                                  ? std::chrono::steady_clock::now() - begun > 1s
                                  : place > rows / 5 * (kills + 1);
          return enough || done();
        },
        20s);
    worker.signal(SIGKILL);
    worker.exit_code();
  }
  EXPECT_GE(kills, 3);
  ::testing::Test::RecordProperty("kills", kills);
  auto& last = start_worker();
  EXPECT_TRUE(eventually(done, 120s)) << last.log();
  expect_once(rows);
  EXPECT_EQ(count("SELECT count(*) FROM aftercommit.flow_step"), 1);
  EXPECT_EQ(dead(), 0);
}

TEST_F(FlowBackFault, OfALoopIsGivenUpWhenItsWorkerStopsWaitingAndGoesOnElsewhere) {
  constexpr long kRows = 3000;
  auto& first = start_worker({"--shutdown-timeout", "0"});
  tasks.pages.delay(kRows, 1);
  ASSERT_TRUE(eventually([&] { return count("SELECT count(*) FROM flow_effect") > 10; })) << first.log();
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(15s), 0) << first.log();
  EXPECT_LT(count("SELECT count(*) FROM flow_effect"), kRows) << "it did not wait for the last page";
  start_worker();
  EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }, 60s));
  expect_once(kRows);
}

}  // namespace
}  // namespace aftercommit::fault
