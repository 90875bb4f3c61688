/// A master that dies or freezes in the midst of work, and the replica that sentinels put in its place.
#include <gtest/gtest.h>

#include <functional>

#include "fault/harness/fault_fixture.hpp"
#include "support/servers/sentinel_set.hpp"

namespace aftercommit::fault {
namespace {

/// The site's own Redis is the first master.
class SentinelFault : public FaultTest {
 protected:
  /// Does it in the midst of the standard load, and waits for `next` to be the master.
  void fail_over(const support::PrivateRedis& next, long first, const std::function<void()>& fault) {
    auto& producer = start_producer(first, 60, {{"REDIS_URL", servers.url()}}, {}, 20);
    const auto before = effects();
    ASSERT_TRUE(eventually([&] { return effects() > before + 5; })) << "it does not go on";
    fault();
    ASSERT_TRUE(servers.comes_to_be(next));
    site.broker_losses.push_back(now_ms());  // of what the replica had not been sent
    EXPECT_EQ(producer.exit_code(90s), 0);
  }

  support::SentinelSet servers{redis};
};

TEST_F(SentinelFault, OfAMasterThatDiesAndOneThatFreezesLosesAndDoublesNoDurableJob) {  // P6, P7
  for (int i = 0; i < 2; ++i) start_worker(Start{.environment = {{"REDIS_URL", servers.url()}}});
  fail_over(servers.second, kFirst, [&] { redis.kill(); });
  redis.start();
  ASSERT_TRUE(servers.comes_to_follow(redis));
  fail_over(redis, 2 * kFirst, [&] { servers.second.stop(); });
  servers.second.resume();
  ASSERT_TRUE(servers.comes_to_follow(servers.second));
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
