// Jobs for later: a countdown, an eta, and an expiry.
#include <gtest/gtest.h>

#include <numeric>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;

using Countdown = support::WorkerTest;

double seconds_since_1970(std::chrono::system_clock::time_point at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

TEST_F(Countdown, IsNeverCutShort) {
  start_worker();
  const auto before = database_time();
  const auto job = tasks.insert.apply_async({.countdown = 1s}, 1);
  const auto behind = tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_GE(notes(job).at(0).at - before, 1);
  EXPECT_LT(notes(behind).at(0).at, notes(job).at(0).at) << "what follows does not wait for it";
}

TEST_F(Countdown, EndsByItselfOnAnIdleWorker) {
  // Were the worker to look only when something else happens, or every few seconds, this would take longer.
  start_worker({"--concurrency", "1"});  // several would race for the commit
  app.database().atomic([&] {            // so that all have been pushed before one is due
    for (const auto countdown : {1500ms, 500ms, 1000ms})
      tasks.insert.apply_async({.countdown = countdown}, countdown.count());
  });
  EXPECT_TRUE(eventually_effects({500, 1000, 1500}));
  EXPECT_EQ(effects_in_order(), (std::vector<long>{500, 1000, 1500})) << "the first to be due comes first";
}

TEST_F(Countdown, CountsFromTheCallAndNotFromTheCommit) {
  start_worker();
  const auto before = database_time();
  app.database().atomic([&](Transaction& tx) {
    tasks.insert.apply_async({.countdown = 1s}, 1);
    tx.exec("SELECT pg_sleep(1)");
    EXPECT_TRUE(effects().empty()) << "an open transaction is waited for";
  });
  const auto committed = database_time();
  EXPECT_TRUE(eventually_effects({1}));
  const auto started = notes().at(0).at;
  EXPECT_GE(started - before, 1);
  EXPECT_LT(started - committed, 1) << "it had run down already";
}

TEST_F(Countdown, MayBeAnEta) {
  start_worker();
  const auto eta = std::chrono::system_clock::now() + 150ms;
  const auto job = tasks.insert.apply_async({.eta = eta}, 1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_GE(notes(job).at(0).at, seconds_since_1970(eta));
}

TEST_F(Countdown, OfAnEtaInThePastIsNone) {
  start_worker();
  tasks.insert.apply_async({.eta = std::chrono::system_clock::now() - 24h}, 1);
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(Countdown, RunsDownWithoutAWorker) {
  const auto before = database_time();
  const auto job = tasks.insert.apply_async({.countdown = 1s}, 1);  // longer than a push takes
  ASSERT_TRUE(support::eventually([&] { return database_time() - before > 1; }));
  EXPECT_EQ(broker->counts("default").delayed, 1);
  start_worker();
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_GE(notes(job).at(0).at - before, 1);
}

TEST_F(Countdown, OfAThousandJobsEndsForEachOnce) {
  start_worker();
  start_worker();  // both promote
  std::vector<std::tuple<long>> calls;
  std::vector<long> expected(1000);
  std::iota(expected.begin(), expected.end(), 1);
  for (const long value : expected) calls.emplace_back(value);
  tasks.insert.apply_async_many({.countdown = 50ms}, calls);
  EXPECT_TRUE(eventually_effects(expected));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), expected.size());
}

TEST_F(Countdown, OfAQueueThatTheWorkerDoesNotServeIsLeftToOthers) {
  start_worker({"--queues", "mail"});
  tasks.insert.apply_async({.countdown = 1s, .queue = "other"}, 1);
  tasks.insert.apply_async({.countdown = 1100ms, .queue = "mail"}, 2);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_EQ(broker->counts("other").delayed, 1);
}

TEST_F(Countdown, PastTheExpiryLeavesTheJobUndone) {
  auto& worker = start_worker();
  const auto job = tasks.insert.apply_async({.countdown = 50ms, .expires = 1ms}, 1);
  EXPECT_TRUE(worker.says("job expired before it started"));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(job), 0u);
  EXPECT_TRUE(worker.says(job.str()));
}

TEST_F(Countdown, BeforeTheExpiryDoesNotKeepTheJobFromRunning) {
  start_worker();
  tasks.insert.apply_async({.countdown = 20ms, .expires = 1h}, 1);
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(Countdown, BeforeARetryEndsTheJobThatExpiresMeanwhile) {
  auto& worker = start_worker();
  const auto job = tasks.retry.apply_async({.expires = 2s}, 1, 2500);
  EXPECT_TRUE(worker.says("job expired before it started"));
  EXPECT_EQ(starts(job), 1u);
  EXPECT_TRUE(eventually_empty());
}

}  // namespace
}  // namespace aftercommit
