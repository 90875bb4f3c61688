// Tasks that enqueue tasks: the children follow the transaction of their parent.
#include <gtest/gtest.h>

#include "support/fixtures/redis_calls.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using support::PrivateRedis;

using WorkerChildren = support::WorkerTest;

TEST_F(WorkerChildren, RunOnceWhenTheirParentCommits) {  // P4
  start_worker();
  tasks.parent.delay(1, "then return");
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 2u);
}

TEST_F(WorkerChildren, NeverRunWhenTheirParentThrows) {  // P4
  start_worker();
  const auto parent = tasks.parent.delay(1, "then throw");
  EXPECT_EQ(eventually_dead(1).at(0).job->id, parent);
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 3u) << "three attempts of the parent, and nothing else";
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerChildren, RunOnceWhenTheirParentSucceedsAtItsSecondAttempt) {  // P4
  start_worker();
  tasks.parent.delay(1, "then throw once");
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 3u);
}

TEST_F(WorkerChildren, FollowTheSavepointTheyWereAskedForIn) {  // P4
  start_worker();
  tasks.parent.delay(10, "in nested savepoints");
  EXPECT_TRUE(eventually_effects({10, 11, 12, 14}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 4u);
}

TEST_F(WorkerChildren, MayHaveACountdown) {
  start_worker();
  tasks.parent.delay(1, "with a countdown");
  EXPECT_TRUE(eventually_effects({1, 2}));
  const auto attempts = notes();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_GE(attempts[1].at - attempts[0].at, 0.05);
}

TEST_F(WorkerChildren, AreNotSeenBeforeTheirParentHasCommitted) {  // P4, P2
  HeldLock lock{database_url, lock_key};
  start_worker();
  const auto parent = tasks.parent.delay(lock_key, "when the lock is free");
  ASSERT_TRUE(eventually([&] { return notes(parent).size() == 2; }));
  const auto held = broker->counts("default");
  EXPECT_EQ(held.ready + held.running, 1) << "the parent alone";
  lock.release();
  EXPECT_TRUE(eventually_effects({lock_key, lock_key + 1}));
}

TEST_F(WorkerChildren, OfAFailedParentRunWhenTheyWereSentAtOnce) {  // what P4 is against
  start_worker();
  tasks.parent.apply_async({.max_retries = 0}, 1, "at once");
  eventually_dead(1);
  EXPECT_TRUE(eventually_effects({2}));
}

/// Workers whose broker fails while a parent runs.
class WorkerChildrenUnsent : public support::WorkerTest {
 protected:
  explicit WorkerChildrenUnsent(std::vector<std::string> redis_options = {"--appendonly", "yes",
                                                                          "--appendfsync", "always"})
      : WorkerChildrenUnsent{std::make_unique<PrivateRedis>(std::move(redis_options))} {}

  std::unique_ptr<PrivateRedis> redis;

 private:
  explicit WorkerChildrenUnsent(std::unique_ptr<PrivateRedis> started)
      : WorkerTest{started->url()}, redis{std::move(started)} {}
};

TEST_F(WorkerChildrenUnsent, AreSentWhenTheBrokerIsBack) {  // P4
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker();
  const auto parent = tasks.parent.delay(lock_key, "when the lock is free");
  ASSERT_TRUE(eventually([&] { return notes(parent).size() == 2; }));
  redis->kill();
  lock.release();
  ASSERT_TRUE(eventually_effects({lock_key})) << "the parent has committed";
  EXPECT_TRUE(worker.says("\"role\":\"settling jobs\""));
  redis->start();
  EXPECT_TRUE(eventually_effects({lock_key, lock_key + 1}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 2u);
}

class WorkerChildrenOfAFullBroker : public WorkerChildrenUnsent {
 protected:
  WorkerChildrenOfAFullBroker()
      : WorkerChildrenUnsent{{"--maxmemory", "64mb", "--maxmemory-policy", "noeviction"}} {}

  void limit_memory(const std::string& limit) {
    support::Onlooker{redis_url}.ask("CONFIG", "SET", "maxmemory", limit);
  }
};

TEST_F(WorkerChildrenOfAFullBroker, AreSentWhenItHasRoomAgainAndOtherJobsAreSettledMeanwhile) {  // P4
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker();
  tasks.parent.delay(lock_key, "when the lock is free");
  tasks.wait_for_lock.delay(5, lock_key);
  ASSERT_TRUE(eventually([&] { return starts() == 2; }));
  limit_memory("1");
  lock.release();
  ASSERT_TRUE(eventually_effects({5, lock_key}));
  EXPECT_TRUE(eventually_empty()) << "settled jobs are what makes room again\n" << worker.log();
  limit_memory("64mb");
  EXPECT_TRUE(eventually_effects({5, lock_key, lock_key + 1})) << worker.log();
}

}  // namespace
}  // namespace aftercommit
