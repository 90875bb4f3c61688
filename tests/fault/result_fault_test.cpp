/// Workers that are killed beside the commit that writes what a task returns.
#include <gtest/gtest.h>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class ResultKillAt : public FaultTest, public ::testing::WithParamInterface<const char*> {
 protected:
  long kept() { return count("SELECT count(*) FROM aftercommit.result"); }
};

TEST_P(ResultKillAt, LeavesAResultIfAndOnlyIfTheEffectIsThere) {  // P3, P7
  auto& dead = start_doomed(GetParam());
  std::string durable;
  std::string on_commit;
  transact([&](Transaction&, Intent& intent) {
    durable = ask(intent, tasks.answer, {}, 1L).id;
    on_commit = ask(intent, tasks.answer, {.delivery = Delivery::kOnCommit}, 2L).id;
  });
  ASSERT_EQ(dead.exit_code(), kKilled) << dead.log();
  EXPECT_EQ(
      count("SELECT count(*) FROM effect WHERE job_id::uuid NOT IN (SELECT id FROM aftercommit.result)"), 0);
  EXPECT_EQ(
      count("SELECT count(*) FROM aftercommit.result WHERE id::text NOT IN (SELECT job_id FROM effect)"), 0);
  start_worker();
  EXPECT_EQ(tasks.answer.wait(JobId::parse(durable).value(), 20s).value(), 1);
  EXPECT_EQ(tasks.answer.wait(JobId::parse(on_commit).value(), 20s).value(), 2);
  support::ask_redis(redis, {"FLUSHALL"});
  EXPECT_EQ(tasks.answer.result(JobId::parse(durable).value()).value(), 1) << "Redis has no part in it";
  EXPECT_EQ(kept(), 2);
  EXPECT_EQ(effects(), 2);
}

INSTANTIATE_TEST_SUITE_P(Steps, ResultKillAt, ::testing::Values("worker.after_run", "worker.after_commit"),
                         [](const auto& test) {
                           return std::string{test.index == 0 ? "AfterRun" : "AfterCommit"};
                         });

}  // namespace
}  // namespace aftercommit::fault
