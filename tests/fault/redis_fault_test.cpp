/// A Redis that is killed, loses its data or goes back in time, freezes, and forgets scripts and clients.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

/// The standard load in a program of its own, two workers, and something done to Redis in the midst of it.
class RedisFault : public FaultTest {
 protected:
  explicit RedisFault(std::vector<std::string> options = support::kKeepsData)
      : FaultTest{std::move(options)} {}

  template <class Fault>
  void under_load(int times, Fault&& fault) {
    auto& producer = start_producer(kFirst, 40L * times, {}, {}, 5);
    start_worker();
    start_worker();
    for (int i = 0; i < times; ++i) {
      const auto before = effects();
      ASSERT_TRUE(eventually([&] { return effects() > before + 5 || !producer.runs(); }))
          << "it does not go on";
      fault();
    }
    EXPECT_EQ(producer.exit_code(90s), 0);
  }
  void lose_data() {
    support::restart_empty(redis);
    site.broker_losses.push_back(now_ms());
  }
};

TEST_F(RedisFault, OfAKillIsHealedFromItsFile) {  // P6, P7
  under_load(4, [&] {
    support::restart(redis);
    site.broker_losses.push_back(now_ms());  // of the last second, by its settings
  });
  expect_promises_kept();
}

TEST_F(RedisFault, OfAnEmptyRestartIsHealedFromTheJobTable) {  // P6, P7
  under_load(4, [&] { lose_data(); });
  expect_promises_kept();
}

TEST_F(RedisFault, OfFlushallInTheMidstOfWorkIsHealedFromTheJobTable) {  // P6, P7
  under_load(4, [&] {
    ask_redis(redis, {"FLUSHALL"});
    site.broker_losses.push_back(now_ms());
  });
  expect_promises_kept();
}

TEST_F(RedisFault, OfAllDataWhileNothingRunsLosesNoWaitingJob) {  // P6
  transact([&](Transaction& tx, Intent& intent) {
    ask(intent, tasks.ok, {}, 1L);
    ask(intent, tasks.ok, {.countdown = 1s}, 2L);
    ask(intent, tasks.fail_once, {}, 3L);
    ask_by_sql(tx, intent, "ok", "[4]", 500);
  });
  lose_data();
  start_worker();
  expect_promises_kept();
}

TEST_F(RedisFault, ThatFallsBackToAnOlderStateBringsBackTheNewJobsAndSkipsTheOldOnes) {  // P6, P7
  auto& worker = start_worker();
  produce(10);
  worker.freeze();
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 5; ++slot) ask(intent, tasks.ok, {}, slot);
  });
  support::RedisBackup old{redis};
  worker.signal(SIGCONT);
  ASSERT_TRUE(eventually([&] { return site.idle(); }));
  produce(10);
  old.put_back();
  site.broker_losses.push_back(now_ms());
  produce(10);
  expect_promises_kept();
}

TEST_F(RedisFault, ThatFallsBackToWhenALivingWorkerHeldAJobDeliversItAgain) {  // P6
  const auto go = (site.folder / "go").string();
  auto& worker = start_worker();
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.fail_late, {}, 1L, go).id; });
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(go + ".first"); }));
  support::RedisBackup old{redis};  // here the worker holds the job
  std::ofstream{go};
  const auto attempt = "SELECT coalesce(max(attempt), 0) FROM aftercommit.job WHERE id = '" + job + "'";
  ASSERT_TRUE(eventually([&] { return count(attempt) == 3; })) << "here it no longer does";
  old.put_back();
  site.broker_losses.push_back(now_ms());
  expect_promises_kept();
  EXPECT_TRUE(worker.runs());
}

TEST_F(RedisFault, OfAFreezeUntilTheWorkersGiveUpStopsNoneAndDoublesNothing) {  // P5, P7
  constexpr const char* kAway = "the broker does not serve; trying again until it does";
  under_load(2, [&] {
    auto& worker = programs.back();
    const auto said = worker.count(kAway);
    redis.stop();  // for longer than a lease: that is what a call may take at most
    EXPECT_TRUE(eventually([&] { return worker.count(kAway) > said; })) << worker.log();
    redis.resume();
  });
  EXPECT_TRUE(programs.back().runs()) << programs.back().log();
  expect_promises_kept();
}

TEST_F(RedisFault, WhoseClockIsAheadMakesNoLivingWorkerLookDead) {  // P5
  start_worker();
  start_worker();
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 8; ++slot) ask(intent, tasks.slow, {}, slot, 3000L);
  });
  // As if one of them had renewed its lease just before the clock made a step, and the other just after.
  const std::vector<std::string> step{
      "EVAL",
      "local workers = redis.call('ZRANGE', KEYS[1], 0, -1) "
      "table.sort(workers) "
      "if workers[1] then redis.call('ZINCRBY', KEYS[1], -5000, workers[1]) end",
      "1", "ac:{load}:workers"};
  const auto done = [&] { return effects() == 8; };
  do {
    ask_redis(redis, step);
  } while (!eventually(done, 500ms) && programs.front().runs() && programs.back().runs());
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.runs, 8u) << "a job of a living worker was taken away";
  for (auto& worker : programs) EXPECT_EQ(worker.times_said("a worker has died"), 0) << worker.log();
}

TEST_F(RedisFault, OfForgottenScriptsIsNotNoticed) {
  under_load(40, [&] { ask_redis(redis, {"SCRIPT", "FLUSH"}); });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_TRUE(findings.reruns.empty()) << findings.reruns.front();
}

TEST_F(RedisFault, OfClientsCutOffLosesNothing) {  // P6, P7
  under_load(10, [&] { ask_redis(redis, {"CLIENT", "KILL", "TYPE", "normal"}); });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
}

}  // namespace
}  // namespace aftercommit::fault
