/// Relays that die, freeze, or come in numbers, and rows that become visible late.
#include <gtest/gtest.h>

#include <csignal>
#include <latch>
#include <thread>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

/// Workers here bring no jobs by themselves, and the jobs are enqueued by SQL: only a relay can.
class RelayFault : public FaultTest {
 protected:
  Worker& start_runner() { return start_worker({"--no-relay"}); }

  /// `count` jobs, each committed by a transaction of its own; every third is rolled back.
  void enqueue_by_sql(int count) {
    for (int i = 0; i < count; ++i) {
      transact([&](Transaction& tx,
                   Intent& intent) { ask_by_sql(tx, intent, "ok", "[" + std::to_string(i % kSlots) + "]"); },
               i % 3 != 2);
    }
  }
};

class RelayKillAt : public RelayFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(RelayKillAt, DeliversEveryCommittedJobOnce) {  // P6, P7
  start_runner();
  int kills = 0;
  for (int i = 0; i < 8; ++i) {
    enqueue_by_sql(6);
    auto& relay = start_relay(
        {.environment = {{"AFTERCOMMIT_FAIL_POINT", std::string{GetParam()} + ":kill@1"}}, .wait = false});
    if (relay.exit_code(10s) == kKilled) ++kills;
  }
  EXPECT_EQ(kills, 8) << "not every relay came to that place";
  start_relay();
  expect_promises_kept();
}

INSTANTIATE_TEST_SUITE_P(Steps, RelayKillAt, ::testing::Values("relay.after_read", "relay.after_push"),
                         [](const auto& test) {
                           return std::string{test.param} == "relay.after_read" ? "AfterRead" : "AfterPush";
                         });

TEST_F(RelayFault, ByManyRelaysAtOnceIsNoFault) {  // P6, P7
  start_runner();
  for (int i = 0; i < 5; ++i) start_relay({.wait = i == 4});
  enqueue_by_sql(120);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_TRUE(findings.reruns.empty()) << findings.reruns.front();
}

TEST_F(RelayFault, OfARelayThatFreezesWithJobsInHandLetsAnotherGoOn) {  // P6, P7
  start_runner();
  auto& frozen =
      start_relay({.environment = {{"AFTERCOMMIT_FAIL_POINT", "relay.after_read:stop@1"}}, .wait = false});
  enqueue_by_sql(9);
  ASSERT_NE(eventually_stopped(), 0) << "it never had anything in hand";
  start_relay();
  EXPECT_TRUE(eventually([&] { return effects() == 6; })) << "while the first one is frozen";
  frozen.signal(SIGCONT);
  enqueue_by_sql(9);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_TRUE(findings.reruns.empty()) << "its jobs were already done: " << findings.reruns.front();
  EXPECT_TRUE(frozen.runs());
}

TEST_F(RelayFault, OfARowThatBecomesVisibleAfterManyLaterOnesDoesNotHideIt) {  // P6
  start_worker();
  std::string late;
  std::latch inserted{1};
  std::latch may_commit{1};
  std::jthread slow_producer{[&] {
    transact([&](Transaction& tx, Intent& intent) {
      late = ask_by_sql(tx, intent, "ok", "[0]").id;
      inserted.count_down();
      may_commit.wait();
    });
  }};
  inserted.wait();
  enqueue_by_sql(30);
  EXPECT_TRUE(eventually([&] { return effects() == 20; })) << "the open transaction holds the others up";
  EXPECT_EQ(effects_of(late), 0);
  may_commit.count_down();
  slow_producer.join();
  EXPECT_TRUE(eventually([&] { return effects_of(late) == 1; }, 10s)) << "it was passed over";
  expect_promises_kept();
}

TEST_F(RelayFault, BringsWhatAProducerCouldNotSend) {  // P6, P10
  start_worker();
  redis.kill();
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.ok, {}, 1L).id; });
  EXPECT_EQ(rows_of(job), 1) << "the commit stands without Redis";
  redis.start();
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
