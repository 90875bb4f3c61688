// What happens after a task has failed: the next attempt, its countdown, and the dead letter after the last.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <variant>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using Cause = DeadLetter::Cause;

class WorkerRetry : public support::WorkerTest {
 protected:
  /// The countdowns that the worker has given a job, from its log: exact where a clock is not.
  static std::vector<int> countdowns_ms(const support::WorkerProcess& worker, const JobId& job) {
    std::vector<int> countdowns;
    for (const auto& event : worker.events()) {
      if (event.value("job_id", "") == job.str() && event.contains("countdown_ms")) {
        countdowns.push_back(event["countdown_ms"].get<int>());
      }
    }
    return countdowns;
  }
};

TEST_F(WorkerRetry, RunsATaskAgainUntilItSucceedsAndTellsItTheNumberOfEachAttempt) {  // P3
  start_worker();
  const auto job = tasks.succeed_at.delay(1, 3);
  EXPECT_TRUE(eventually_effects({1})) << "what the first two attempts wrote is rolled back";
  const auto attempts = notes(job);
  ASSERT_EQ(attempts.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempts[static_cast<std::size_t>(i)].attempt, i + 1);
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerRetry, KeepsADeadLetterWithTheTaskItsArgumentsAndAllErrorsAfterTheLastRetry) {  // P3
  const auto before =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto& worker = start_worker();
  const auto job = tasks.fail.delay(1, "the mail server is down");
  const auto letter = eventually_dead(1).at(0);
  const auto after = std::chrono::system_clock::now();

  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason, "the mail server is down");
  EXPECT_TRUE(letter.at >= before && letter.at <= after);
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, job);
  EXPECT_EQ(letter.job->task, "fail");
  EXPECT_EQ(letter.job->args, nlohmann::json::array({1, "the mail server is down"}));
  ASSERT_EQ(letter.job->errors.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& error = letter.job->errors[i];
    EXPECT_EQ(error.attempt, static_cast<int>(i) + 1);
    EXPECT_EQ(error.error, "the mail server is down");
    EXPECT_TRUE(error.at >= before && error.at <= after);
    EXPECT_EQ(error.worker, worker.event("worker started").at("worker"));
  }
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerRetry, TakesAnythingThatIsThrownForAFailure) {  // P3
  start_worker();
  const auto job = tasks.throw_int.delay(1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.reason, "the task threw something that is no std::exception");
  EXPECT_EQ(starts(job), 2u);
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerRetry, ObeysTheMaxRetriesOfTheCallRatherThanTheTasks) {
  start_worker();
  const auto none = tasks.fail.apply_async({.max_retries = 0}, 1, "deliberate");
  const auto five = tasks.fail.apply_async({.max_retries = 5}, 2, "deliberate");
  eventually_dead(2);
  EXPECT_EQ(starts(none), 1u);
  EXPECT_EQ(starts(five), 6u);
}

TEST_F(WorkerRetry, ObeysTheBackoffOfTheTask) {
  auto& worker = start_worker();
  const auto fixed_job = tasks.fail.delay(1, "deliberate");
  const auto exponential_job = tasks.fail_exponentially.delay(1);
  eventually_dead(2);
  EXPECT_EQ(countdowns_ms(worker, fixed_job), (std::vector<int>{10, 10}));
  EXPECT_EQ(countdowns_ms(worker, exponential_job), (std::vector<int>{10, 20, 30}));
}

TEST_F(WorkerRetry, ObeysTheBackoffOfTheCallRatherThanTheTasks) {
  auto& worker = start_worker();
  const auto job = tasks.fail.apply_async({.backoff = exponential(20ms, 1s, 3.0, 0.0)}, 1, "deliberate");
  eventually_dead(1);
  EXPECT_EQ(countdowns_ms(worker, job), (std::vector<int>{20, 60}));
  const auto attempts = notes(job);
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_GE(attempts[1].at - attempts[0].at, 0.020);
  EXPECT_GE(attempts[2].at - attempts[1].at, 0.060);
}

TEST_F(WorkerRetry, LetsATaskSayWhenItWantsToRunAgain) {
  auto& worker = start_worker();
  const auto job = tasks.retry.delay(1, 123);
  EXPECT_TRUE(eventually_effects({1}));
  const auto attempts = notes(job);
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[1].attempt, 2) << "it uses up a retry";
  EXPECT_GE(attempts[1].at - attempts[0].at, 0.123);
  EXPECT_EQ(countdowns_ms(worker, job), std::vector<int>{123});
}

TEST_F(WorkerRetry, TakesTheBackoffOfTheTaskWhereRetryNamesNoCountdown) {
  auto& worker = start_worker();
  const auto job = tasks.retry.delay(1, std::nullopt);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(countdowns_ms(worker, job), std::vector<int>{10});
}

TEST_F(WorkerRetry, RunsATaskAgainAtOnceWhereRetryNamesANegativeCountdown) {
  start_worker();
  tasks.retry.delay(1, -5000);
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerRetry, BuriesAJobThatAsksForARetryAndHasNoneLeft) {
  start_worker();
  tasks.retry.apply_async({.max_retries = 0}, 1, 1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason, "come back");
}

TEST_F(WorkerRetry, LeavesAJobThatWaitsALifetimeForItsRetryInPeace) {
  auto& worker = start_worker();
  tasks.retry.delay(1, std::numeric_limits<std::int64_t>::max());
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_TRUE(support::eventually([&] { return broker->counts("default").delayed == 1; }));
  EXPECT_EQ(worker.count("the broker does not serve; trying again until it does"), 0);
}

TEST_F(WorkerRetry, BuriesARejectedJobAtOnceWhateverRetriesItHas) {
  start_worker();
  const auto job = tasks.reject.delay(1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kRejected);
  EXPECT_EQ(letter.reason, "there is no such customer");
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->errors.size(), 1u);
  EXPECT_EQ(starts(job), 1u);
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerRetry, KeepsTheErrorsOfAJobThatFailsVeryOftenBounded) {
  start_worker();
  tasks.fail.apply_async({.max_retries = 150, .backoff = fixed(0ms)}, 1, std::string(5000, 'x'));
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->errors.size(), kErrorsKept);
  EXPECT_EQ(letter.job->errors.front().attempt, 1);
  EXPECT_EQ(letter.job->errors.back().attempt, 151);
}

TEST_F(WorkerRetry, BuriesAJobThatHasBeenTriedAMillionTimes) {  // P9
  start_worker();
  Envelope job{.id = JobId::generate(), .task = "fail_for_ever", .args = {1}, .queue = "default"};
  job.attempt = kMaxAttempts;
  enqueue_raw(encode(job));
  tasks.insert.delay(2);
  EXPECT_EQ(eventually_dead(1).at(0).cause, Cause::kRetriesExhausted);
  EXPECT_TRUE(eventually_effects({2}));
}

/// As a program of a later release may write it: with fields that no worker here knows.
Envelope job_of_a_later_program(long value) {
  Envelope job{.id = JobId::generate(), .task = "fail", .args = {value, "deliberate"}, .queue = "default"};
  job.unknown = {{"urgency", {{"class", "high"}, {"steps", {1, 2.5, nullptr}}}}};
  job.attempt = 2;
  add_error(job, {.attempt = 1, .worker = "later", .error = "down", .unknown = {{"host", "web-1"}}});
  return job;
}

TEST_F(WorkerRetry, KeepsFieldsThatItDoesNotKnowOverARetryAndIntoTheDeadLetter) {
  const auto job = job_of_a_later_program(1);
  enqueue_raw(encode(job));
  start_worker();
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  ASSERT_EQ(letter.job->errors.size(), 3u) << "it was written again for a retry, and for its end";
  EXPECT_EQ(letter.job->unknown, job.unknown);
  EXPECT_EQ(letter.job->errors[0].unknown, job.errors[0].unknown);
}

TEST_F(WorkerRetry, KeepsFieldsThatItDoesNotKnowInTheRowOfADurableJobAlsoWhereItComesBackFromTheDead) {
  auto job = job_of_a_later_program(1);
  job.durable = true;
  app.database().exec("INSERT INTO job (id, queue, attempt, envelope) VALUES ($1, $2, $3, $4)", job.id,
                      job.queue, job.attempt, encode(job));
  start_worker();
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  ASSERT_EQ(letter.job->errors.size(), 3u) << "it was written again for a retry, and for its end";
  EXPECT_EQ(letter.job->unknown, job.unknown);

  workers.clear();  // none of them is to run it again
  ASSERT_TRUE(table.revive(job.id));
  const auto row = table.find(job.id);
  ASSERT_TRUE(row);
  const auto again = decode(row->envelope, row->envelope.size());
  ASSERT_TRUE(std::holds_alternative<Envelope>(again));
  EXPECT_EQ(std::get<Envelope>(again).unknown, job.unknown);
  EXPECT_EQ(std::get<Envelope>(again).errors.at(0).unknown, job.errors[0].unknown);
}

}  // namespace
}  // namespace aftercommit
