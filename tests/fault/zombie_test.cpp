/// Workers that are taken for dead and are not: frozen in the midst of a job, or only slow.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class Zombie : public FaultTest {
 protected:
  long effects_by(pid_t process) {
    return count("SELECT count(*) FROM effect WHERE pid = " + std::to_string(process));
  }
};

class ZombieAt : public Zombie, public ::testing::WithParamInterface<const char*> {};

TEST_P(ZombieAt, HasItsJobDoneByAnotherAndChangesNothingWhenItWakes) {  // P5, P7
  auto& frozen = start_doomed(GetParam(), 1, "stop", {"--concurrency", "1"});
  transact([&](Transaction&, Intent& intent) {
    ask(intent, tasks.ok, {}, 0L);
    ask(intent, tasks.ok, {}, 0L);
    ask(intent, tasks.fail_once, {}, 0L);
    ask(intent, tasks.ok, {.delivery = Delivery::kOnCommit}, 0L);
  });
  const auto zombie = eventually_stopped();
  ASSERT_NE(zombie, 0) << "it never came there";
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects() == 4; }, 15s)) << "they wait for a worker that is frozen";
  const bool had_committed = std::string_view{GetParam()} == "worker.after_commit";
  EXPECT_EQ(effects_by(zombie), had_committed ? 1 : 0);
  frozen.signal(SIGCONT);
  produce(5);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << frozen.log();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_TRUE(frozen.runs()) << frozen.log();
}

INSTANTIATE_TEST_SUITE_P(Steps, ZombieAt,
                         ::testing::Values("worker.after_fetch", "worker.after_begin", "worker.after_run",
                                           "worker.after_commit"),
                         [](const auto& test) {
                           const std::string point{test.param};
                           return point == "worker.after_fetch"   ? "AfterFetch"
                                  : point == "worker.after_begin" ? "AfterBegin"
                                  : point == "worker.after_run"   ? "AfterRun"
                                                                  : "AfterCommit";
                         });

TEST_F(Zombie, ThatHoldsLocksOnRowsOfTheApplicationDoesNotKeepOthersWaiting) {  // P5, P7
  auto& frozen = start_worker({"--concurrency", "1"});
  HeldKey key{postgres.url(), 7};
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 3L, 7L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock()) << "it holds slot 3, and waits";
  frozen.freeze();
  ASSERT_NE(eventually_stopped(), 0);
  key.release();  // its backend waits for the program now, in a transaction
  std::string other;
  transact([&](Transaction&, Intent& intent) { other = ask(intent, tasks.ok, {}, 3L).id; });
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects_of(other) == 1 && effects_of(job) == 1; }, 15s));
  frozen.signal(SIGCONT);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << frozen.log();
  EXPECT_EQ(runs_of(job).size(), 2u);
  EXPECT_TRUE(frozen.runs());
}

TEST_F(Zombie, AgainAndAgainDoublesNothing) {  // P5, P7
  auto& producer = start_producer(kFirst, 120, {}, {}, 5);
  auto& one = start_worker();
  auto& other = start_worker();
  int freezes = 0;
  while (producer.runs() || freezes < 4) {
    auto& victim = freezes++ % 2 == 0 ? one : other;
    const auto before = effects();
    victim.freeze();
    // Until its jobs have been taken over, or there is nothing to do.
    eventually([&] { return effects() > before + 20; }, 3s);
    victim.signal(SIGCONT);
    eventually([&] { return effects() > before + 25; }, 1s);
    if (freezes > 12) break;
  }
  EXPECT_EQ(producer.exit_code(60s), 0);
  expect_promises_kept();
}

TEST_F(Zombie, IsNoneThatOnlyTakesItsTime) {  // P5
  std::vector<std::jthread> noise;            // takes the processors from the heartbeats
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    noise.emplace_back([](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
      }
    });
  }
  start_worker();
  start_worker();
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 8; ++slot) ask(intent, tasks.slow, {}, slot, 4500L);  // three leases
  });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.runs, 8u) << "a job of a living worker was taken away";
}

TEST_F(Zombie, IsNoneThatHasItsLeaseAtAnotherRedis) {  // P5, P7: a deploy that leads to a new Redis
  auto& old = start_worker({"--no-relay"});
  std::string job;
  transact(
      [&](Transaction&, Intent& intent) { job = ask(intent, tasks.slow, {}, 0L, 6000L).id; });  // four leases
  ASSERT_TRUE(eventually([&] { return runs_of(job).size() == 1; }));
  const support::PrivateRedis other;
  start_worker(Start{.environment = {{"REDIS_URL", other.url()}}});
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.runs, 1u) << "the sessions of a living worker were ended";
  EXPECT_TRUE(old.runs());
}

TEST_F(Zombie, ThatHasItsLeaseAtAnotherRedisIsFoundByItsSilence) {  // P5, P7
  auto& frozen = start_doomed("worker.after_begin", 1, "stop", {"--concurrency", "1"});
  const auto job = enqueue_one();
  ASSERT_NE(eventually_stopped(), 0) << "it never came there";
  const support::PrivateRedis other;
  start_worker(Start{.environment = {{"REDIS_URL", other.url()}}});
  EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 20s))
      << "it waits for a worker that is frozen";
  frozen.signal(SIGCONT);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << frozen.log();
}

}  // namespace
}  // namespace aftercommit::fault
