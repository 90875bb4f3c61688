/// What was cancelled stays cancelled, whoever dies.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class CancelFault : public FaultTest {
 protected:
  std::string asked(const std::string& sql) { return site.ask(sql)[0][0].as<std::string>(); }
  std::string cancel(const std::string& job) { return asked("SELECT aftercommit.cancel('" + job + "')"); }
  std::string state_of(const std::string& job) {
    return asked("SELECT state FROM aftercommit.cancelled WHERE id = '" + job + "'");
  }
};

/// The worker is stopped before it can hear of it, and Redis forgets who it was.
TEST_F(CancelFault, OfARunningJobHoldsThoughItsWorkerIsKilledAndRedisFlushed) {  // P1, P5
  auto& victim = start_worker();
  HeldKey key{postgres.url(), 1};
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 0L, 1L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  victim.freeze();
  EXPECT_EQ(cancel(job), "running");
  EXPECT_EQ(state_of(job), "requested");
  victim.signal(SIGKILL);
  ASSERT_EQ(victim.exit_code(), kKilled);
  support::ask_redis(redis, {"FLUSHALL"});
  key.release();
  start_worker();
  EXPECT_TRUE(eventually([&] { return state_of(job) == "running"; }, 10s)) << state_of(job);
  EXPECT_EQ(rows_of(job), 0);
  const auto next = enqueue_one();
  EXPECT_TRUE(eventually([&] { return effects_of(next) == 1; }, 10s)) << "the worker does not work";
  EXPECT_EQ(effects_of(job), 0);
  EXPECT_EQ(cancel(job), "cancelled");
}

TEST_F(CancelFault, OfAJobThatRedisAloneHasHoldsThoughItIsDeliveredAnewAndAnew) {  // P1, P7
  std::string job;
  transact([&](Transaction&, Intent& intent) {
    job = ask(intent, tasks.ok, {.delivery = Delivery::kOnCommit}, 1L).id;
  });
  EXPECT_EQ(cancel(job), "unknown");
  auto& doomed = start_doomed("worker.after_fetch");
  EXPECT_EQ(doomed.exit_code(), kKilled);
  start_worker();
  const auto next = enqueue_one();
  EXPECT_TRUE(eventually([&] { return effects_of(next) == 1 && site.idle(); }, 20s));
  EXPECT_EQ(effects_of(job), 0);
  EXPECT_TRUE(runs_of(job).empty());
}

}  // namespace
}  // namespace aftercommit::fault
