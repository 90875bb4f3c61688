/// Limits while workers are killed and Redis loses its data: a place is there again, and never twice.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "fault/harness/fault_fixture.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using support::eventually;

class LimitFault : public support::WorkerTest {
 protected:
  LimitFault() : LimitFault{std::make_unique<support::PrivateRedis>()} {}

  auto& start(const std::string& lease = "15") {
    return start_worker({"--processes", "0", "--concurrency", "4", "--lease", lease});
  }
  bool eventually_begun(const JobId& job) {
    return eventually([&] { return starts(job) > 0; });
  }

  std::unique_ptr<support::PrivateRedis> redis;

 private:
  explicit LimitFault(std::unique_ptr<support::PrivateRedis> started)
      : WorkerTest{started->url()}, redis{std::move(started)} {}
};

TEST_F(LimitFault, OfAKilledWorkerGivesBackThePlacesThatItHeld) {
  support::HeldLock lock{database_url, lock_key};
  auto& doomed = start("1");
  const auto held = tasks.hold_a_key.delay(1, "a", lock_key);
  ASSERT_TRUE(eventually_begun(held));
  auto& other = start("1");
  tasks.hold_a_key.delay(2, "a", lock_key + 1);
  doomed.signal(SIGKILL);
  ASSERT_EQ(doomed.exit_code(), fault::kKilled);
  // Either of them: while the lock is held the server does not see by itself that the session has lost its
  // client.
  EXPECT_TRUE(eventually([&] { return starts() >= 2; })) << other.log();
  lock.release();
  EXPECT_TRUE(eventually_effects({1, 2})) << other.log();
  EXPECT_TRUE(eventually_empty());
}

TEST_F(LimitFault, OfRedisThatLosesItsDataLetsNoSecondJobOfAKeyBegin) {
  support::HeldLock lock{database_url, lock_key};
  support::HeldLock others{database_url, lock_key + 1};
  auto& one = start();
  auto& two = start();
  const auto held = tasks.hold_a_key.delay(1, "a", lock_key);
  ASSERT_TRUE(eventually_begun(held));
  for (long value = 2; value <= 6; ++value) tasks.hold_a_key.delay(value, "a", lock_key);
  redis->kill();
  redis->start();
  const auto after = tasks.hold_a_key.delay(7, "b", lock_key + 1);
  ASSERT_TRUE(eventually_begun(after)) << one.log() << two.log();
  EXPECT_TRUE(eventually([&] {  // the relay has brought them anew, and they have asked
    std::size_t waiting = 0;
    for (const auto& line : broker->limited(std::vector<Queue>{"default"}, 100)) waiting += line.jobs;
    return waiting >= 5;
  })) << one.log()
      << two.log();
  EXPECT_EQ(starts(), 2U) << "the first one still runs";
  lock.release();
  others.release();
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 5, 6, 7})) << one.log() << two.log();
}

}  // namespace
}  // namespace aftercommit
