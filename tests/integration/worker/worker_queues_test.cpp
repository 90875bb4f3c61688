// Which job runs when: queues in their order, several at the same time, none held back.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "broker/contract/levels.hpp"
#include "broker/redis/wire/redis_keys.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "support/fixtures/redis_calls.hpp"
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
    // What is fetched ahead goes back, and to the end, when a COMMIT takes long on a busy machine.
    start_worker({"--queues", queues, "--concurrency", "1", "--prefetch", "0"});
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

TEST_F(WorkerQueues, StartTheMostUrgentJobFirstAndStarveNone) {
  std::vector<std::tuple<long>> calls;
  for (long value = 1; value <= 40; ++value) calls.emplace_back(value);
  tasks.insert.apply_async_many({.priority = Priority::kLow}, calls);
  for (auto& [value] : calls) value += 100;
  tasks.insert.apply_async_many({.priority = Priority::kCritical}, calls);
  start_worker({"--concurrency", "1", "--prefetch", "0"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 80; }));
  const auto values = effects_in_order();
  EXPECT_GT(values.front(), 100);
  const auto low = std::count_if(values.begin(), values.begin() + 30, [](long value) { return value <= 40; });
  EXPECT_GE(low, 1) << "of thirty places two are theirs";
  EXPECT_LE(low, 3);
}

TEST_F(WorkerQueues, KeepTheLevelOfADurableJobThatRedisHasLost) {
  tasks.insert.apply_async({.priority = Priority::kHigh}, 1);
  const auto high = [&] { return broker->counts("default").ready_at.at(index_of(Priority::kHigh)); };
  EXPECT_TRUE(eventually([&] { return high() == 1; })) << "pushed";
  const RedisKeys keys{parse_redis_url(redis_url).prefix, "default"};
  support::Onlooker{redis_url}.ask("DEL", keys.stream, keys.at(Priority::kHigh).stream, keys.durable);
  ASSERT_EQ(high(), 0);
  start_worker({"--relay-only"});
  EXPECT_TRUE(eventually([&] { return high() == 1; })) << "brought by the relay";
}

TEST_F(WorkerQueues, ThatArePausedAreLeftAloneByWorkersThatRunAndByThoseThatStart) {
  const std::vector<std::string> options{"--queues", "default,mail", "--lease", "3", "--heartbeat", "0.1"};
  EXPECT_TRUE(app.pause_queue("mail"));
  EXPECT_FALSE(app.pause_queue("mail")) << "it was";
  enqueue("mail", 1, 3);
  enqueue("default", 4, 1);
  auto& worker = start_worker(options);
  EXPECT_TRUE(eventually_effects({4}));
  EXPECT_EQ(broker->counts("mail").ready, 3);
  EXPECT_EQ(broker->counts("mail").running, 0);
  EXPECT_TRUE(app.resume_queue("mail"));
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4}));

  app.database().exec("SELECT " + schema.name() + ".pause('default')");
  const auto told = [&] { return worker.count("a queue is paused: its jobs wait until it is resumed"); };
  EXPECT_TRUE(eventually([&] { return told() == 2; }));
  enqueue("default", 5, 1);
  enqueue("mail", 6, 1);
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 6}));
  // A read that was waiting already may have fetched it; then it goes back.
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 1; }));
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
  std::optional<JobId> slow;
  app.database().atomic([&](Transaction&) {
    for (long value = 1; value <= 300; ++value) tasks.insert.delay(value);
    slow = tasks.wait_for_lock.delay(301, lock_key);
    for (long value = 302; value <= 600; ++value) tasks.insert.delay(value);
  });
  start_worker({"--concurrency", "1"});  // holds many by the time it comes to the slow one
  EXPECT_TRUE(eventually([&] { return starts(*slow) == 1 && broker->counts("default").running == 1; }));

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
