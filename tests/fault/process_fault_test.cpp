/// Tasks that kill or damage their process, deploys under load, and orderly stops at bad moments.
#include <gtest/gtest.h>

#include <csignal>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class ProcessFault : public FaultTest {
 protected:
  Worker& start_supervised(const std::string& processes = "1") {
    return start_worker({"--processes", processes, "--max-memory", "2000"});
  }
};

class Poison : public ProcessFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(Poison, IsBuriedAfterThreeStartsAndItsNeighboursTakeEffectOnce) {  // P5, P7
  auto& worker = start_supervised();
  std::string poison;
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 6; ++slot) ask(intent, tasks.ok, {}, slot);
    poison = ask(intent, tasks.poison, {}, GetParam()).id;
    for (long slot = 0; slot < 6; ++slot) ask(intent, tasks.fail_once, {}, slot);
  });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << worker.log();
  EXPECT_EQ(findings.crashed, 1u) << findings.text();
  EXPECT_EQ(runs_of(poison).size(), 3u);
  EXPECT_TRUE(worker.runs()) << worker.log();
}

INSTANTIATE_TEST_SUITE_P(Kinds, Poison,
                         ::testing::Values("segfault", "abort", "stack overflow", "exit", "quick exit",
                                           "terminate"),
                         name_of);

TEST_F(ProcessFault, OfATaskThatDamagesItsSurroundingsLosesNothing) {  // P5, P7
  auto& worker = start_supervised();
  transact([&](Transaction&, Intent& intent) {
    for (const auto* how : {"locale", "folder", "signal mask", "fork"}) {
      ask(intent, tasks.harm, {}, 0L, how);
      for (long slot = 0; slot < 6; ++slot) ask(intent, tasks.ok, {}, slot);
    }
  });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << worker.log();
  EXPECT_TRUE(worker.runs()) << worker.log();
}

TEST_F(ProcessFault, OfATaskThatClosesTheFilesOfAllOthersLosesAndDoublesNothing) {  // P5, P7
  auto& worker = start_supervised();
  transact([&](Transaction&, Intent& intent) {
    ask(intent, tasks.poison, {.max_retries = 1}, "close files");  // its own connection among them
    for (long slot = 0; slot < 12; ++slot) ask(intent, tasks.ok, {}, slot);
  });
  auto findings = settle();
  findings.miscounted.clear();  // what its neighbours meet are errors like any other
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << worker.log();
  EXPECT_TRUE(worker.runs()) << worker.log();
}

TEST_F(ProcessFault, OfATaskThatThrowsNoExceptionOrFindsNoMemoryIsAnOrdinaryFailure) {  // P3
  auto& worker = start_supervised();
  transact([&](Transaction&, Intent& intent) {
    ask(intent, tasks.poison, {.max_retries = 1}, "throw int");
    ask(intent, tasks.poison, {.max_retries = 1}, "allocate");
    ask(intent, tasks.ok, {}, 1L);
  });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.dead, 2u);
  EXPECT_EQ(findings.crashed, 0u);
  EXPECT_TRUE(worker.runs());
}

TEST_F(ProcessFault, OfARollingDeployWithANewTaskIsNone) {  // P5, P9
  const Task<long> fresh = declare_fresh(app);
  auto& producer = start_producer(kFirst, 150, {}, {}, 5);
  Worker* old_one = &start_worker();
  Worker* other_old_one = &start_worker();
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 10; ++slot) ask(intent, fresh, {}, slot);  // known to none of them
  });
  for (int i = 0; i < 3; ++i) {
    auto& replacement = start_worker({.library = AFTERCOMMIT_FAULT_TASKS_LATER});
    old_one->signal(SIGTERM);
    EXPECT_EQ(old_one->exit_code(), 0) << old_one->log();
    old_one = std::exchange(other_old_one, &replacement);
  }
  EXPECT_EQ(producer.exit_code(60s), 0);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_TRUE(findings.reruns.empty()) << "an orderly stop repeats nothing: " << findings.reruns.front();
}

TEST_F(ProcessFault, OfAStopInTheMidstOfALongJobGivesItBackAtOnceWithItsAttempt) {  // P5
  auto& first = start_worker({"--lease", "600", "--heartbeat", "5", "--shutdown-timeout", "1"});
  std::string job;
  {
    HeldKey key{postgres.url(), 9};
    transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 0L, 9L).id; });
    ASSERT_TRUE(eventually_blocked_on_advisory_lock());
    first.signal(SIGTERM);
    EXPECT_EQ(first.exit_code(8s), 0) << first.log();
  }
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 10s)) << "it waits for the lease";
  expect_promises_kept();
}

TEST_F(ProcessFault, OfAStopInTheMidstOfACommitIsDecidedByTheDatabase) {  // P7
  auto& first = start_worker({"--shutdown-timeout", "1"});
  postgres.make_commits_hang();
  transact([&](Transaction& tx, Intent& intent) {
    tx.exec("SET LOCAL synchronous_commit = local");
    ask_by_sql(tx, intent, "ok", "[1]");
  });
  ASSERT_TRUE(eventually(
      [&] { return count("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") > 0; }));
  first.signal(SIGTERM);
  EXPECT_TRUE(first.exit_code(10s)) << first.log();
  postgres.let_commits_end();
  start_worker();
  expect_promises_kept();
}

TEST_F(ProcessFault, OfAStopWhileRedisIsAwayEndsInTimeAndLosesNothing) {  // P5, P6
  auto& first = start_worker();
  produce(5);
  redis.kill();
  ASSERT_TRUE(first.says("the broker does not serve; trying again until it does"));
  first.signal(SIGTERM);
  EXPECT_TRUE(first.exit_code(15s)) << first.log();
  redis.start();
  site.broker_losses.push_back(now_ms());
  start_worker();
  expect_promises_kept();
}

TEST_F(ProcessFault, OfAParentThatFailsRunsNoChildAndOneThatCommitsRunsItOnce) {  // P4
  auto& doomed = start_doomed("worker.after_run", 5);
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 8; ++slot) {
      ask(intent, tasks.parent, {}, slot);
      ask(intent, tasks.parent_fails_once, {}, slot);
    }
  });
  EXPECT_EQ(doomed.exit_code(), kKilled);
  start_worker();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.effects, 32u) << "a parent and a child each";
}

}  // namespace
}  // namespace aftercommit::fault
