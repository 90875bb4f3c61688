/// A Redis that is away for long, under load: durable jobs run straight from their table meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

constexpr const char* kTaken =
    "Redis does not answer: durable jobs are taken straight from their tables until it does";
constexpr const char* kBack = "Redis answers again: jobs are fetched from it";

class RedisAway : public FaultTest {
 protected:
  static constexpr long kJobs = 12;  // of each round, beside two others: one for each slot

  void ask_for(long jobs) {
    transact([&](Transaction&, Intent& intent) {
      for (long slot = 0; slot < jobs; ++slot) ask(intent, tasks.ok, {}, slot);
      ask(intent, tasks.fail_once, {}, jobs);
      ask(intent, tasks.ok, {.countdown = 300ms}, jobs + 1);
    });
  }
};

TEST_F(RedisAway, ByAFreezeUnderLoadIsOutlivedAndComeBackFromWithNothingLostOrDoubled) {  // P6, P7
  auto& first = start_worker();
  auto& second = start_worker();
  ask_for(kJobs);
  redis.stop();
  ask_for(kJobs);
  for (auto* const worker : {&first, &second}) EXPECT_TRUE(worker->says(kTaken)) << worker->log();
  for (int round = 0; round < 5; ++round) {
    ask_for(kJobs);
    EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }, 40s))
        << first.log();
  }
  redis.resume();
  for (auto* const worker : {&first, &second}) EXPECT_TRUE(worker->says(kBack)) << worker->log();
  ask_for(kJobs);
  expect_promises_kept();
}

TEST_F(RedisAway, FromTheStartOfAWorkerKeepsItFromNoDurableJob) {  // P6, P7
  redis.stop();
  auto& worker = start_worker();
  EXPECT_TRUE(worker.says("Redis is away; this worker starts without it")) << worker.log();
  ask_for(kJobs);
  EXPECT_TRUE(worker.says(kTaken)) << worker.log();
  EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }, 40s))
      << worker.log();
  redis.resume();
  EXPECT_TRUE(worker.says(kBack)) << worker.log();
  ask_for(kJobs);
  expect_promises_kept();
}

TEST_F(RedisAway, IsOutlivedThoughAWorkerDiesInTheMidstOfAJobMeanwhile) {  // P5, P6, P7
  start_worker();
  start_worker();
  HeldKey key{postgres.url(), 1};
  redis.stop();
  for (auto& worker : programs) ASSERT_TRUE(worker.says(kTaken)) << worker.log();
  std::string job;
  transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 0L, 1L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  const auto holder =
      site.ask("SELECT application_name FROM pg_stat_activity WHERE wait_event = 'advisory'")[0][0]
          .as<std::string>();
  long killed = 0;
  for (auto& worker : programs) {
    if (holder.find('-' + std::to_string(worker.id()) + '-') == std::string::npos) continue;
    worker.signal(SIGKILL);
    ++killed;
  }
  ASSERT_EQ(killed, 1) << holder;
  key.release();
  EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 20s));
  redis.resume();
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(programs, [](const Worker& worker) { return worker.times_said(kBack) > 0; });
  })) << "one that lives goes back";
  ask_for(kJobs);
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
