/// Workers that are killed at every step of a job: nothing is lost, nothing takes effect twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "broker/contract/broker.hpp"
#include "broker/contract/levels.hpp"
#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

/// A job that fails first, one with a countdown, one that must be relayed, a child, and some plain ones.
class WorkerKill : public FaultTest {
 protected:
  void produce_one_of_each() {
    transact([&](Transaction& tx, Intent& intent) {
      ask(intent, tasks.fail_once, {}, 1L);
      ask(intent, tasks.fail_always, {}, 2L);
      ask(intent, tasks.ok, {.countdown = 300ms}, 3L);
      ask(intent, tasks.parent, {}, 4L);
      ask(intent, tasks.ok, {.delivery = Delivery::kOnCommit}, 5L);
      ask(intent, tasks.fail_once, {.delivery = Delivery::kOnCommit}, 6L);
      ask_by_sql(tx, intent, "ok", "[7]");
    });
    transact([&](Transaction&, Intent& intent) { ask(intent, tasks.ok, {}, 1L); }, false);
  }

  /// Nothing is lost by a kill: also those on commit are still in Redis.
  void expect_nothing_missing() {
    const auto findings = settle();
    EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
    EXPECT_EQ(findings.explained, 0u);
    EXPECT_EQ(ask_redis_number(redis, {"SCARD", "ac:{load}:durable"}), 0);
  }
};

class WorkerKillAt : public WorkerKill, public ::testing::WithParamInterface<const char*> {};

TEST_P(WorkerKillAt, LosesNothingAndDoublesNothing) {  // P5, P6, P7
  auto& first = start_doomed(GetParam());
  auto& later = start_doomed(GetParam(), 3);
  for (int round = 0; round < 40 && (first.runs() || later.runs()); ++round) {
    produce_one_of_each();
    produce(2);
    eventually([&] { return !first.runs() && !later.runs(); }, 250ms);
  }
  EXPECT_EQ(first.exit_code(5s), kKilled) << "the place was never passed\n" << first.log();
  EXPECT_EQ(later.exit_code(5s), kKilled) << "the place was never passed three times\n" << later.log();
  start_worker();
  expect_nothing_missing();
}

INSTANTIATE_TEST_SUITE_P(Steps, WorkerKillAt,
                         ::testing::Values("worker.after_fetch", "worker.after_begin", "worker.after_run",
                                           "worker.after_commit", "worker.after_record",
                                           "worker.after_settle", "scheduler.after_promote",
                                           "relay.after_read", "relay.after_push"),
                         name_of);

/// Workers that die while they take over the jobs of a dead one.
class RecovererKillAt : public WorkerKill, public ::testing::WithParamInterface<const char*> {};

TEST_P(RecovererKillAt, LeavesTheJobsToTheNextOne) {  // P5, P6, P7
  auto& dead = start_doomed("worker.after_run");
  produce_one_of_each();
  ASSERT_EQ(dead.exit_code(), kKilled);
  auto& heir = start_doomed(GetParam());
  EXPECT_EQ(heir.exit_code(15s), kKilled) << "it never recovered anything\n" << heir.log();
  start_worker();
  expect_nothing_missing();
}

INSTANTIATE_TEST_SUITE_P(Steps, RecovererKillAt,
                         ::testing::Values("recoverer.after_fence", "recoverer.after_recover"), name_of);

TEST_F(WorkerKill, GivesItsJobsBackAfterTheLease) {  // P5
  auto& victim = start_worker();
  HeldKey key{postgres.url(), 1};
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 0L, 1L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  victim.signal(SIGKILL);
  ASSERT_EQ(victim.exit_code(), kKilled);
  key.release();
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 10s));
  EXPECT_EQ(runs_of(job).size(), 2u);
  expect_nothing_missing();
}

TEST_F(WorkerKill, LeavesAJobAtItsLevelInAQueueThatIsPausedMeanwhile) {  // P5
  auto& dead = start_doomed("worker.after_run");
  transact(
      [&](Transaction&, Intent& intent) { ask(intent, tasks.ok, {.priority = Priority::kCritical}, 1L); });
  ASSERT_EQ(dead.exit_code(), kKilled);
  app.pause_queue("load");
  start_worker();
  const auto broker = make_broker(redis.url());
  const auto ready = [&] { return broker->counts("load").ready_at.at(index_of(Priority::kCritical)); };
  EXPECT_TRUE(eventually([&] { return ready() == 1; }, 10s)) << "given back, and not fetched";
  EXPECT_EQ(effects(), 0);
  app.resume_queue("load");
  expect_nothing_missing();
}

/// Which messages to kill at: of each thread, so that early ones are those of the connections, and later ones
/// come to every place in the end.  All of them with AFTERCOMMIT_SWEEP=all.
std::vector<int> messages_to_kill_at(int last) {
  const char* const sweep = std::getenv("AFTERCOMMIT_SWEEP");
  const bool all = sweep != nullptr && std::string_view{sweep} == "all";
  std::vector<int> chosen;
  for (int nth = 1; nth <= last; nth = all || nth < 4 ? nth + 1 : nth * 3 / 2) chosen.push_back(nth);
  return chosen;
}

std::vector<std::string> killed_at_message(int nth) {
  return {"/usr/bin/env", "strace",
          "-f",           "-qq",
          "-o",           "/dev/null",
          "-e",           "trace=sendto",
          "-e",           "inject=sendto:signal=KILL:when=" + std::to_string(nth)};
}

TEST_F(WorkerKill, AtAnyMessageItSendsLosesAndDoublesNothing) {  // P5, P6, P7
  start_worker();
  const auto messages = messages_to_kill_at(60);
  constexpr std::size_t kAtOnce = 3;
  for (std::size_t i = 0; i < messages.size(); i += kAtOnce) {
    std::vector<Worker*> victims;
    for (auto n = i; n < std::min(i + kAtOnce, messages.size()); ++n) {
      victims.push_back(&start_worker({.options = {"--concurrency", "1"},
                                       .environment = {{"ASAN_OPTIONS", "detect_leaks=0"}},
                                       .wait = false,
                                       .before = killed_at_message(messages[n])}));
    }
    const auto dead = [&] {
      return std::ranges::none_of(victims, [](Worker* victim) { return victim->runs(); });
    };
    for (int round = 0; round < 100 && !dead(); ++round) {
      produce_one_of_each();
      eventually(dead, 200ms);
    }
    for (auto* victim : victims) EXPECT_EQ(victim->exit_code(1s), kKilled) << victim->log();
  }
  expect_nothing_missing();
}

TEST_F(WorkerKill, OfARelayAtAnyMessageItSendsLosesAndDoublesNothing) {  // P6, P7
  start_worker({"--no-relay"});
  for (const int nth : messages_to_kill_at(16)) {
    auto& victim = start_relay({.environment = {{"ASAN_OPTIONS", "detect_leaks=0"}},
                                .wait = false,
                                .before = killed_at_message(nth)});
    for (int round = 0; round < 100 && victim.runs(); ++round) {
      transact([&](Transaction& tx, Intent& intent) { ask_by_sql(tx, intent, "ok", "[7]"); });
      eventually([&] { return !victim.runs(); }, 100ms);
    }
    EXPECT_EQ(victim.exit_code(1s), kKilled) << victim.log();
  }
  start_relay();
  expect_nothing_missing();
}

TEST_F(WorkerKill, ManyTimesUnderLoadLosesNothing) {  // P5, P6, P7
  auto& producer = start_producer(kFirst, 150);
  start_worker();
  int kills = 0;
  while (producer.runs() || kills < 6) {
    auto& victim = start_worker();
    const auto before = effects();
    eventually([&] { return effects() > before + 3; }, 1s);
    victim.signal(SIGKILL);
    EXPECT_EQ(victim.exit_code(), kKilled);
    if (++kills >= 12) break;
  }
  EXPECT_EQ(producer.exit_code(60s), 0);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_GT(findings.effects, 100u);
}

}  // namespace
}  // namespace aftercommit::fault
