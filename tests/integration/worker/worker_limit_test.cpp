/// Limits that hold for all workers together: how many jobs run at once, and how many begin in a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/job_table/limits.hpp"
#include "support/fixtures/payments.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using support::WorkerTest;

class WorkerLimit : public WorkerTest {
 protected:
  static std::vector<long> up_to(long last) {
    std::vector<long> values;
    for (long value = 1; value <= last; ++value) values.push_back(value);
    return values;
  }
  /// Notes the key of a job.
  void asked(const JobId& job, const std::string& key) {
    app.database().exec("INSERT INTO asked (job_id, key) VALUES ($1, $2)", job, key);
  }
  /// How many pairs of jobs of one key have run at the same time.
  long overlaps() {
    return app.database()
        .exec(
            "WITH run AS ("
            "  SELECT job_id, key, min(at) FILTER (WHERE note = 'started') AS began,"
            "         max(at) FILTER (WHERE note = 'ended') AS ended"
            "  FROM journal JOIN asked USING (job_id) GROUP BY job_id, key)"
            "SELECT count(*) FROM run AS a JOIN run AS b ON a.job_id < b.job_id AND a.key = b.key"
            " AND a.began < b.ended AND b.began < a.ended")[0][0]
        .as<long>();
  }
  bool eventually_in_line(std::size_t jobs) {
    return eventually([&] {
      const std::vector<Queue> queues{"default", "other"};
      std::size_t waiting = 0;
      for (const auto& line : broker->limited(queues, 100)) waiting += line.jobs;
      return waiting == jobs;
    });
  }
  bool eventually_starts_of(std::size_t count) {
    return eventually([&] { return starts() == count; });
  }
  bool eventually_declared() {
    return eventually([&] { return !detail::find_limits(app.database()).empty(); });
  }

  void SetUp() override { app.database().exec("CREATE TABLE asked (job_id text PRIMARY KEY, key text)"); }
};

TEST_F(WorkerLimit, LetsOneJobOfAKeyRunAtATimeInHoweverManyWorkers) {
  constexpr long kJobs = 16;
  for (const auto value : up_to(kJobs)) {
    const std::string key = value % 2 == 0 ? "even" : "odd";
    const auto delivery = value % 4 < 2 ? Delivery::kDurable : Delivery::kOnCommit;
    asked(tasks.one_of_a_key.apply_async({.delivery = delivery}, value, key, 0.01), key);
  }
  start_worker({"--concurrency", "4"});
  start_worker({"--concurrency", "4"});
  EXPECT_TRUE(eventually_effects(up_to(kJobs)));
  EXPECT_EQ(overlaps(), 0);
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerLimit, KeepsThreadsAndPlacesInTheBufferForOthersWhileManyWait) {
  constexpr long kWaiting = 60;
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker({"--concurrency", "2", "--prefetch", "4"});
  tasks.hold_a_key.delay(1, "full", lock_key);
  ASSERT_TRUE(eventually_starts_of(1)) << worker.log();
  for (long value = 2; value <= kWaiting; ++value) tasks.hold_a_key.delay(value, "full", lock_key);
  tasks.insert.delay(1000);
  tasks.hold_a_key.delay(1001, "other", lock_key + 1);
  EXPECT_TRUE(eventually_effects({1000, 1001}));
  EXPECT_TRUE(eventually_in_line(kWaiting - 1));
  EXPECT_EQ(starts(), 3U) << "none of those that wait has begun";
  lock.release();
  auto all = up_to(kWaiting);
  all.insert(all.end(), {1000, 1001});
  EXPECT_TRUE(eventually_effects(all)) << worker.log();
}

TEST_F(WorkerLimit, TakesTheKeyThatACallGivesBeforeThatOfItsTask) {
  HeldLock lock{database_url, lock_key};
  start_worker();
  tasks.hold_a_key.delay(1, "a", lock_key);
  ASSERT_TRUE(eventually_starts_of(1));
  tasks.hold_a_key.apply_async({.limit_key = "b"}, 2, "a", lock_key + 1);
  EXPECT_TRUE(eventually_effects({2}));
  tasks.hold_a_key.apply_async({.limit_key = "a"}, 3, "c", lock_key + 1);
  EXPECT_TRUE(eventually_in_line(1));
  lock.release();
  EXPECT_TRUE(eventually_effects({1, 2, 3}));
}

TEST_F(WorkerLimit, SetToZeroHoldsAllAndResetLetsThemIn) {
  auto& worker = start_worker({"--heartbeat", "0.1"});
  ASSERT_TRUE(eventually_declared());
  EXPECT_TRUE(app.set_limit("hold_a_key.concurrency", 0));
  EXPECT_FALSE(app.set_limit("hold_a_key.concurrency", 0)) << "it was so before";
  tasks.hold_a_key.delay(1, "a", lock_key);
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_TRUE(eventually_in_line(1));
  EXPECT_TRUE(app.reset_limit("hold_a_key.concurrency"));
  EXPECT_TRUE(eventually_effects({1, 2})) << worker.log();
  EXPECT_TRUE(worker.says("a limit has been changed"));
}

TEST_F(WorkerLimit, CountsThoseThatRunWhenItIsLowered) {
  HeldLock first{database_url, lock_key};
  HeldLock second{database_url, lock_key + 1};
  start_worker();
  ASSERT_TRUE(eventually_declared());
  EXPECT_TRUE(app.set_limit("hold_a_key.concurrency", 2));
  asked(tasks.hold_a_key.delay(1, "a", lock_key), "first");
  asked(tasks.hold_a_key.delay(2, "a", lock_key + 1), "a");
  ASSERT_TRUE(eventually_starts_of(2));
  EXPECT_TRUE(app.set_limit("hold_a_key.concurrency", 1));
  asked(tasks.hold_a_key.delay(3, "a", lock_key + 2), "a");
  ASSERT_TRUE(eventually_in_line(1));
  first.release();
  ASSERT_TRUE(eventually_effects({1}));
  second.release();
  EXPECT_TRUE(eventually_effects({1, 2, 3}));
  EXPECT_EQ(overlaps(), 0) << "the third has waited for the second, which had begun under the old limit";
}

TEST_F(WorkerLimit, LetsKeysTakeTurns) {
  constexpr long kOfOne = 20;
  HeldLock lock{database_url, lock_key};
  start_worker();
  tasks.one_of_all.delay(1, "a", lock_key);
  ASSERT_TRUE(eventually_starts_of(1));
  for (long value = 2; value <= kOfOne; ++value) tasks.one_of_all.delay(value, "a", lock_key);
  tasks.one_of_all.delay(100, "b", lock_key);
  ASSERT_TRUE(eventually_in_line(kOfOne));
  lock.release();
  auto all = up_to(kOfOne);
  all.push_back(100);
  ASSERT_TRUE(eventually_effects(all));
  const auto order = effects_in_order();
  EXPECT_LE(std::ranges::find(order, 100) - order.begin(), 4) << "it did not wait for all of the other key";
}

TEST_F(WorkerLimit, LetsQueuesTakeTurnsThatHaveJobsOfOneKey) {
  constexpr long kOfOne = 20;
  HeldLock lock{database_url, lock_key};
  start_worker({"--queues", "default,other"});
  tasks.one_of_all.delay(1, "a", lock_key);
  ASSERT_TRUE(eventually_starts_of(1));
  for (long value = 2; value <= kOfOne; ++value) tasks.one_of_all.delay(value, "a", lock_key);
  tasks.one_of_all.apply_async({.queue = "other"}, 100, "a", lock_key);
  ASSERT_TRUE(eventually_in_line(kOfOne));
  lock.release();
  auto all = up_to(kOfOne);
  all.push_back(100);
  ASSERT_TRUE(eventually_effects(all));
  const auto order = effects_in_order();
  EXPECT_LE(std::ranges::find(order, 100) - order.begin(), 4) << "it did not wait for all of the other queue";
}

TEST_F(WorkerLimit, OfARateLetsNoMoreBegin) {
  constexpr long kJobs = 13;
  constexpr double kStep = 0.1;
  constexpr double kAtOnce = 2;  // one, and the burst
  const auto begun = database_time();
  for (const auto value : up_to(kJobs)) {
    tasks.ten_a_second.apply_async({.delivery = value % 2 == 0 ? Delivery::kDurable : Delivery::kOnCommit},
                                   value, value % 3 == 0 ? "a" : "b", lock_key);
  }
  start_worker();
  start_worker();
  EXPECT_TRUE(eventually_effects(up_to(kJobs)));
  EXPECT_GE(database_time() - begun, (kJobs - kAtOnce) * kStep);
  EXPECT_EQ(starts(), static_cast<std::size_t>(kJobs)) << "to wait is no attempt";
}

TEST_F(WorkerLimit, IsRefusedWhereNobodyDeclaresIt) {
  start_worker();
  ASSERT_TRUE(eventually_declared());
  EXPECT_EQ(
      support::message_of<UsageError>([&] { app.set_limit("nobody's", 1); }),
      "there is no limit 'nobody's': workers enter the limits of their tasks and queues when they start; "
      "`aftercommit limits list` shows those that are there");
  EXPECT_THROW(app.set_limit("hold_a_key.concurrency", 10'001), UsageError);
}

}  // namespace
}  // namespace aftercommit
