/// Workers that are killed while jobs run together: each takes effect once.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class BatchKillAt : public FaultTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(BatchKillAt, LeavesEachOfItsJobsToTakeEffectOnceThoughRedisIsFlushed) {  // P5, P7
  auto& dead = start_doomed(GetParam(), 2, "kill", {"--concurrency", "1"});     // the first job runs alone
  std::vector<std::string> jobs;
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 15; ++slot) jobs.push_back(ask(intent, tasks.together, {}, slot).id);
  });
  ASSERT_EQ(dead.exit_code(), kKilled) << dead.log();
  std::size_t ran = 0;
  for (const auto& job : jobs) ran += runs_of(job).size();
  EXPECT_GT(ran, 2U) << "there was no batch";
  support::ask_redis(redis, {"FLUSHALL"});
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects() >= 15 && site.idle(); }, 20s));
  for (const auto& job : jobs) EXPECT_EQ(effects_of(job), 1) << job;
  EXPECT_EQ(effects(), 15);
}

INSTANTIATE_TEST_SUITE_P(Steps, BatchKillAt, ::testing::Values("worker.after_run", "worker.after_commit"),
                         name_of);

}  // namespace
}  // namespace aftercommit::fault
