/// Of a unique key there is one job, and at most one behind it, whoever dies.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class UniqueFault : public FaultTest {
 protected:
  std::string ask_once_more() {
    return site
        .ask(
            "SELECT aftercommit.enqueue('locked', '[0, 1]', queue => 'load', on_duplicate => 'once_more')")[0]
                                                                                                           [0]
        .as<std::string>();
  }
};

TEST_F(UniqueFault, OfTheWorkerThatRunsTheJobAndOfAllDataInRedisLeavesOneOfEach) {  // P5, P7
  auto& victim = start_worker();
  HeldKey key{postgres.url(), 1};
  const auto first = ask_once_more();
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  const auto second = ask_once_more();
  EXPECT_NE(second, first);
  EXPECT_EQ(ask_once_more(), second);
  victim.signal(SIGKILL);
  ASSERT_EQ(victim.exit_code(), kKilled);
  support::ask_redis(redis, {"FLUSHALL"});
  const auto meanwhile = ask_once_more();
  EXPECT_TRUE(meanwhile == first || meanwhile == second) << meanwhile;
  key.release();
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects() == 2 && site.idle(); }, 30s));
  EXPECT_EQ(effects_of(first), 1);
  EXPECT_EQ(effects_of(second), 1);
  EXPECT_EQ(count("SELECT count(*) FROM effect AS a JOIN effect AS b ON a.id < b.id WHERE a.job_id = '" +
                  first + "' AND b.job_id = '" + second + "'"),
            1)
      << "in their order";
  const auto next = ask_once_more();
  EXPECT_TRUE(next != first && next != second) << "the key is free";
  EXPECT_TRUE(eventually([&] { return effects_of(next) == 1; }, 20s));
}

}  // namespace
}  // namespace aftercommit::fault
