// Which job runs when: queues in their order, several at the same time, none held back.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;

class WorkerQueues : public support::WorkerTest {
 protected:
  /// `count` jobs whose values count from `first`.
  void enqueue(const std::string& queue, long first, long count) {
    std::vector<std::tuple<long>> calls;
    for (long i = 0; i < count; ++i) calls.emplace_back(first + i);
    tasks.insert.apply_async_many({.queue = queue}, calls);
  }

  /// Runs `total` jobs, all there before the worker starts, one after the other; their values.
  std::vector<long> run_one_by_one(const std::string& queues, std::size_t total) {
    start_worker({"--queues", queues, "--concurrency", "1"});
    EXPECT_TRUE(eventually([&] { return effects().size() == total; }));
    return effects_in_order();
  }
};

TEST_F(WorkerQueues, AreServedInStrictOrderAndEachFromItsOldestJob) {
  enqueue("low", 201, 50);
  enqueue("middle", 101, 50);
  enqueue("high", 1, 50);
  const auto values = run_one_by_one("high,middle,low", 150);
  EXPECT_TRUE(std::ranges::is_sorted(values));
}

TEST_F(WorkerQueues, EachGetAShareWhereTheyHaveWeights) {
  enqueue("heavy", 1, 100);
  enqueue("light", 101, 100);
  start_worker({"--queues", "heavy:3,light:1", "--concurrency", "1", "--prefetch", "0"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 200; }));
  const auto values = effects_in_order();
  // Among the first hundred: 75 heavy ones, give or take 4.3.  No more than one run in 10^8 is out of these
  // bounds.
  const auto heavy =
      std::count_if(values.begin(), values.begin() + 100, [](long value) { return value <= 100; });
  EXPECT_GT(heavy, 50);
  EXPECT_LT(heavy, 100);
}

TEST_F(WorkerQueues, ThatTheWorkerDoesNotServeAreLeftAlone) {
  enqueue("other", 1, 3);
  enqueue("mail", 4, 3);
  start_worker({"--queues", "mail"});
  EXPECT_TRUE(eventually_effects({4, 5, 6}));
  EXPECT_EQ(broker->counts("other").ready, 3);
}

TEST_F(WorkerQueues, LetAsManyJobsRunAtTheSameTimeAsTheConcurrencySays) {
  HeldLock lock{database_url, lock_key};
  start_worker({"--concurrency", "6"});
  for (long value = 1; value <= 10; ++value) tasks.wait_for_lock.delay(value, lock_key);
  EXPECT_TRUE(eventually([&] { return starts() == 6; })) << "six of them wait for the lock";
  const auto waiting = [&] {
    return app.database()
        .exec("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = $1",
              lock_key & 0xFFFFFFFF)
        .size();
  };
  EXPECT_TRUE(eventually([&] { return waiting() == 6; }));
  EXPECT_EQ(starts(), 6u) << "and the others have not started";
  lock.release();
  EXPECT_TRUE(eventually([&] { return effects().size() == 10; }));
}

TEST_F(WorkerQueues, LoseNoJobToASlowOneBesideAnIdleWorker) {
  HeldLock lock{database_url, lock_key};
  start_worker({"--concurrency", "1", "--prefetch", "0"});
  const auto slow = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(slow) == 1; }));
  for (long value = 2; value <= 20; ++value) tasks.insert.delay(value);
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 19; }))
      << "nothing is held by the worker that cannot run it";

  start_worker({"--concurrency", "1", "--prefetch", "0"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 19; }));
  lock.release();
  EXPECT_TRUE(eventually([&] { return effects().size() == 20; }));
}

TEST_F(WorkerQueues, GetBackWhatWasFetchedAheadBeforeASlowJobCame) {
  HeldLock lock{database_url, lock_key};
  app.database().atomic([&](Transaction&) {
    for (long value = 1; value <= 300; ++value) tasks.insert.delay(value);
    tasks.wait_for_lock.delay(301, lock_key);
    for (long value = 302; value <= 600; ++value) tasks.insert.delay(value);
  });
  start_worker({"--concurrency", "1"});  // holds many by the time it comes to the slow one
  EXPECT_TRUE(eventually([&] { return effects().size() == 300 && broker->counts("default").running == 1; }));

  start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 599; }));
  lock.release();
  EXPECT_TRUE(eventually([&] { return effects().size() == 600; }));
}

TEST_F(WorkerQueues, AreSharedByWorkersSoThatEachJobRunsOnce) {
  start_worker();
  start_worker();
  enqueue("default", 1, 1000);
  EXPECT_TRUE(eventually([&] { return effects().size() >= 1000; }));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 1000u);
}

}  // namespace
}  // namespace aftercommit
