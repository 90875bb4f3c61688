/// Workers where there is no Redis: durable jobs run straight from their table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/job_table/job_picker.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/session.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "worker/table/table_intake.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::HeldLock;
using ::testing::HasSubstr;

/// No test here may owe its success to a look at each interval, unless it says so.
const std::vector<std::string> kNoPolling{"--relay-interval", "600"};

class WithoutRedis : public support::WorkerTest {
 protected:
  WithoutRedis() : WorkerTest{"none"} {}

  std::size_t rows() {
    std::size_t count = 0;
    table.for_each([&](const detail::JobRow&) { ++count; });
    return count;
  }
  std::vector<long> enqueue(long first, long count, const std::string& queue = "default") {
    std::vector<std::tuple<long>> calls;
    std::vector<long> values;
    for (long i = 0; i < count; ++i) {
      calls.emplace_back(first + i);
      values.push_back(first + i);
    }
    tasks.insert.apply_async_many({.queue = queue}, calls);
    return values;
  }
  support::WorkerProcess& start(std::vector<std::string> options = {}) {
    options.insert(options.begin(), kNoPolling.begin(), kNoPolling.end());
    return start_worker(std::move(options));
  }
};

TEST_F(WithoutRedis, RunsWhatIsThereAndLeavesNothingOfIt) {
  const auto values = enqueue(1, 300);
  start();
  EXPECT_TRUE(eventually_effects(values));
  EXPECT_TRUE(eventually([&] { return rows() == 0; }));
}

TEST_F(WithoutRedis, HearsOfEachCommitAtOnce) {
  constexpr long kJobs = 41;
  start();
  std::vector<double> waits;  // from COMMIT until the task has begun, in ms
  for (long value = 0; value < kJobs; ++value) {
    const auto job = tasks.insert.delay(value);
    const std::chrono::duration<double> committed = std::chrono::system_clock::now().time_since_epoch();
    ASSERT_TRUE(eventually([&] { return starts(job) == 1; })) << value;
    waits.push_back((notes(job).front().at - committed.count()) * 1000);
  }
  std::ranges::nth_element(waits, waits.begin() + kJobs / 2);
  RecordProperty("median_ms", std::to_string(waits[kJobs / 2]));
  EXPECT_LT(waits[kJobs / 2], 5000) << "usually some 2 ms; ten minutes without the news";
}

TEST_F(WithoutRedis, HearsOfJobsThatSqlAsksFor) {
  start();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1})) << "it listens by now";
  app.database().exec(detail::in_schema("SELECT {schema}.enqueue('insert', '[2]')", schema.name()));
  EXPECT_TRUE(eventually_effects({1, 2}));
}

TEST_F(WithoutRedis, LooksAtEachIntervalForWhatNobodyToldOf) {
  start_worker({"--relay-interval", "0.2"});
  app.database().exec(detail::in_schema(
      "SELECT set_config('aftercommit.notify', 'off', true), {schema}.enqueue('insert', '[1]')",
      schema.name()));
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WithoutRedis, WaitsForACountdownAndNoLonger) {
  start();
  const auto before = database_time();
  const auto job = tasks.insert.apply_async({.countdown = 700ms}, 1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_GE(notes(job).at(0).at - before, 0.7);
}

TEST_F(WithoutRedis, RetriesAndBuriesAsWithRedis) {
  start();
  const auto fails = tasks.fail.delay(1, "no such order");
  const auto succeeds = tasks.succeed_at.delay(2, 3);
  const auto letters = eventually_dead(1);
  EXPECT_EQ(letters.at(0).job->id, fails);
  EXPECT_EQ(letters.at(0).job->errors.size(), 3U);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_EQ(starts(succeeds), 3U);
}

TEST_F(WithoutRedis, SnoozesAsWithRedis) {
  start();
  const auto job = tasks.nap.delay(1, 50, 2);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(starts(job), 3U);
}

TEST_F(WithoutRedis, TwoWorkersShareAQueueAndRunEachJobOnce) {
  start({"--concurrency", "2"});
  start({"--concurrency", "2"});
  const auto values = enqueue(1, 500);
  EXPECT_TRUE(eventually_effects(values));
  EXPECT_EQ(starts(), 500U);
}

TEST_F(WithoutRedis, AnIdleWorkerRunsWhatABusyOneDoesNotGetTo) {
  HeldLock lock{database_url, lock_key};
  auto& busy = start({"--concurrency", "1"});
  const auto first = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(first) == 1; })) << busy.log();
  const auto values = enqueue(2, 20);
  start({"--concurrency", "1"});
  EXPECT_TRUE(eventually_effects(values));
  lock.release();
}

TEST_F(WithoutRedis, AKilledWorkersJobIsRunByAnotherAtOnce) {
  HeldLock lock{database_url, lock_key};
  auto& victim = start({"--processes", "0"});
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  start();
  const auto others = enqueue(2, 5);
  ASSERT_TRUE(eventually_effects(others)) << "the other is at work";
  victim.signal(SIGKILL);
  lock.release();
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(starts(job), 2U);
}

TEST_F(WithoutRedis, AJobThatBringsItsProcessDownCountsItsCrashes) {
  start({"--processes", "1"});
  const auto job = tasks.crash.delay(1, "abort");
  const auto letters = eventually_dead(1);
  EXPECT_EQ(letters.at(0).cause, DeadLetter::Cause::kCrashed);
  EXPECT_EQ(letters.at(0).job->crashes, 3);
  EXPECT_EQ(starts(job), 3U);
}

TEST_F(WithoutRedis, ServesQueuesInTheirOrder) {
  enqueue(201, 30, "low");
  enqueue(1, 30, "high");
  start({"--queues", "high,low", "--concurrency", "1", "--prefetch", "0"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 60; }));
  EXPECT_TRUE(std::ranges::is_sorted(effects_in_order()));
}

TEST_F(WithoutRedis, LeavesAPausedQueueAlone) {
  app.pause_queue("default");
  start({"--queues", "default,other", "--heartbeat", "0.1"});
  enqueue(1, 3);
  const auto others = enqueue(11, 3, "other");
  EXPECT_TRUE(eventually_effects(others));
  app.resume_queue("default");
  EXPECT_TRUE(eventually_effects({1, 2, 3, 11, 12, 13}));
}

TEST_F(WithoutRedis, StopsARunningJobThatIsCancelled) {
  auto& worker = start();
  const auto job = tasks.sleep_in_sql.delay(1, 600);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  EXPECT_EQ(app.cancel(job), Cancelled::kRunning);
  EXPECT_TRUE(worker.says("job cancelled while it ran")) << worker.log();
  EXPECT_TRUE(eventually([&] { return rows() == 0; }));
  EXPECT_TRUE(effects().empty());
}

TEST_F(WithoutRedis, KeepsLimitsOverWorkers) {
  start({"--concurrency", "4"});
  start({"--concurrency", "4"});
  std::vector<long> values;
  for (long value = 1; value <= 10; ++value) {
    tasks.one_of_a_key.delay(value, "key", 0.01);
    values.push_back(value);
  }
  EXPECT_TRUE(eventually_effects(values));
}

TEST_F(WithoutRedis, RunsTheChildrenOfATaskOnceItHasCommitted) {
  start();
  tasks.parent.delay(1, "in nested savepoints");
  EXPECT_TRUE(eventually([&] { return effects().size() == 4 && rows() == 0; }));
}

TEST_F(WithoutRedis, BuriesARowThatIsNoJob) {
  start_worker({"--relay-interval", "0.2"});
  app.database().exec(detail::in_schema(
      "INSERT INTO {schema}.job (id, queue, envelope) VALUES (gen_random_uuid(), 'default', 'nonsense')",
      schema.name()));
  EXPECT_TRUE(eventually([&] { return table.dead("", 2).size() == 1; }));
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WithoutRedis, GivesBackWhatItHasWhenItIsStopped) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start({"--concurrency", "1", "--shutdown-timeout", "1"});
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0) << worker.log();
  EXPECT_EQ(rows(), 1U);
  lock.release();
  start();
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WithoutRedis, SaysWhoTakesJobsFromTheTable) {
  EXPECT_EQ(detail::count_pickers(app.database()), 0U);
  start();
  EXPECT_TRUE(eventually([&] { return detail::count_pickers(app.database()) == 1; }));
}

TEST_F(WithoutRedis, AJobIsMarkedForOneSessionUntilItIsDroppedOrTheSessionEnds) {
  using How = detail::Picked::How;
  const std::vector<JobId> now{tasks.insert.delay(1)};
  const std::vector<JobId> later{tasks.insert.apply_async({.countdown = 1h}, 2), JobId::generate()};
  detail::JobPicker one{app.database()};
  detail::JobPicker other{app.database()};
  EXPECT_EQ(one.pick(now).at(0).how, How::kOurs);
  EXPECT_EQ(other.pick(now).at(0).how, How::kOthers);
  EXPECT_EQ(other.pick(later).at(0).how, How::kNotDue);
  EXPECT_EQ(other.pick(later).at(1).how, How::kGone);
  one.drop(now[0]);
  one.pick({});
  EXPECT_EQ(other.pick(now).at(0).how, How::kOurs);
  other.close();
  EXPECT_TRUE(eventually([&] { return one.pick(now).at(0).how == How::kOurs; }));
}

TEST_F(WithoutRedis, WhatIsGivenBackIsAnothersThoughNoMoreIsWanted) {
  using How = detail::Picked::How;
  const std::vector<Queue> queues{"default"};
  const std::vector<JobId> job{tasks.insert.delay(1)};
  const auto taken = std::make_shared<TakenJobs>();
  worker::TableIntake intake{taken, app.database(), defaults::kPayloadLimit, 600s};
  std::vector<Fetched> fetched;
  ASSERT_TRUE(eventually([&] { return !(fetched = taken->fetch("ann", queues, 1, 10ms)).empty(); }));
  detail::JobPicker other{app.database()};
  EXPECT_EQ(other.pick(job).at(0).how, How::kOthers);
  const auto release =
      Settlement{.kind = Settlement::Kind::kRelease, .queue = "default", .entry = fetched.front().entry};
  EXPECT_EQ(taken->settle("ann", {&release, 1}).front(), Settled::kDone);
  EXPECT_TRUE(eventually([&] { return other.pick(job).at(0).how == How::kOurs; }));
}

TEST_F(WithoutRedis, OtherDeliveriesAreRefusedWithWhatToDo) {
  const auto why = [&](Delivery delivery) -> std::string {
    try {
      tasks.insert.apply_async({.delivery = delivery}, 1);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "it was taken";
  };
  EXPECT_THAT(why(Delivery::kOnCommit), HasSubstr("with on-commit delivery: it needs Redis"));
  EXPECT_THAT(why(Delivery::kImmediate), HasSubstr("with immediate delivery: it needs Redis"));
  EXPECT_THAT(why(Delivery::kImmediate), HasSubstr("choose durable delivery, or set REDIS_URL"));
}

TEST_F(WithoutRedis, ARelayAloneIsRefused) {
  auto& worker = start_worker({.options = {"--relay-only"}, .wait = false});
  EXPECT_EQ(worker.exit_code(), 2) << worker.log();
  EXPECT_THAT(worker.log(), HasSubstr("--relay-only needs Redis"));
}

}  // namespace
}  // namespace aftercommit
