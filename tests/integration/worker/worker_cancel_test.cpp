/// Jobs that are cancelled while workers have them: those that run are stopped, and none of them takes
/// effect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/job_table/cancellations.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using support::WorkerTest;

class WorkerCancel : public WorkerTest {
 protected:
  static constexpr double kLonger = 600;  // than any test

  bool eventually_starts(const JobId& job) {
    return eventually([&] { return starts(job) == 1; });
  }
  /// Of a job that was asked to stop.
  void expect_stopped(const JobId& job, WorkerProcess& worker) {
    EXPECT_TRUE(worker.says("job cancelled while it ran")) << worker.log();
    EXPECT_TRUE(eventually_empty());
    EXPECT_EQ(app.cancel(job), Cancelled::kCancelledBefore);
    EXPECT_EQ(starts(job), 1U);
    EXPECT_TRUE(effects().empty());
    EXPECT_FALSE(table.find(job));
    EXPECT_TRUE(table.dead("", 1).empty());
    const auto kept = detail::list_cancelled(app.database(), 10);
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept.front().id, job);
    EXPECT_EQ(kept.front().state, "running");
  }
};

class WorkerCancelOf : public WorkerCancel, public ::testing::WithParamInterface<Delivery> {};

INSTANTIATE_TEST_SUITE_P(Deliveries, WorkerCancelOf,
                         ::testing::Values(Delivery::kDurable, Delivery::kOnCommit));

TEST_P(WorkerCancelOf, EndsTheQueryOfARunningJobAndRollsBackWhatItHasDone) {  // P1
  const auto job = tasks.sleep_in_sql.apply_async({.delivery = GetParam()}, 1, kLonger);
  auto& worker = start_worker();
  ASSERT_TRUE(eventually_starts(job));
  EXPECT_EQ(app.cancel(job), Cancelled::kRunning);
  expect_stopped(job, worker);
}

TEST_P(WorkerCancelOf, SkipsWhatRedisHasOfAJobThatHasNotBegun) {
  const auto job = tasks.insert.apply_async({.delivery = GetParam()}, 1);
  const auto other = tasks.insert.apply_async({.delivery = GetParam()}, 2);
  ASSERT_TRUE(eventually([&] { return broker->counts("default").ready == 2; }));
  EXPECT_EQ(app.cancel(job), GetParam() == Delivery::kDurable ? Cancelled::kWaiting : Cancelled::kUnknown);
  auto& worker = start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(eventually([&] { return worker.count("job cancelled") == 1; }))
      << "it is told apart from done ones";
  EXPECT_EQ(starts(job), 0U);
  EXPECT_EQ(starts(other), 1U);
  EXPECT_EQ(effects(), std::vector<long>{2});
}

TEST_F(WorkerCancel, AsksATaskThatLooksForItToStop) {
  const auto job = tasks.wait_for_stop.delay(1);
  auto& worker = start_worker();
  ASSERT_TRUE(eventually_starts(job));
  EXPECT_EQ(app.cancel(job), Cancelled::kRunning);
  expect_stopped(job, worker);
}

TEST_F(WorkerCancel, OfARunningJobThatIsRolledBackStopsNothing) {
  support::HeldLock lock{database_url, lock_key};
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  start_worker();
  ASSERT_TRUE(eventually_starts(job));
  app.database().atomic([&](Transaction& tx) {
    EXPECT_EQ(app.cancel(job), Cancelled::kRunning);
    tx.set_rollback(true);
  });
  lock.release();
  EXPECT_TRUE(eventually_effects({1}));
}

/// Its notification may get lost, and a worker may have no relay, which hears it.
TEST_F(WorkerCancel, IsNoticedWithTheHeartbeatWhereNobodyListens) {
  const auto job = tasks.sleep_in_sql.delay(1, kLonger);
  auto& worker = start_worker({"--no-relay", "--heartbeat", "0.1"});
  ASSERT_TRUE(eventually_starts(job));
  EXPECT_EQ(app.cancel(job), Cancelled::kRunning);
  expect_stopped(job, worker);
}

TEST_F(WorkerCancel, StopsATaskWithoutATransactionWhichHoldsNothing) {
  const auto job = tasks.sleep_alone.delay(1, kLonger);
  auto& worker = start_worker({"--heartbeat", "0.1", "--log-level", "debug"});
  ASSERT_TRUE(worker.says("job started"));
  EXPECT_EQ(app.cancel(job), Cancelled::kWaiting) << "nobody can tell";
  EXPECT_TRUE(worker.says("job cancelled"));
  EXPECT_TRUE(eventually_empty());
}

}  // namespace
}  // namespace aftercommit
