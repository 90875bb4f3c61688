// What becomes of a task that runs beyond its time limits, and of those beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using Cause = DeadLetter::Cause;

constexpr double kAnHour = 3600;

class WorkerTimeLimit : public support::WorkerTest {
 protected:
  std::vector<int> attempts(const JobId& job) {
    std::vector<int> numbers;
    for (const auto& note : notes(job)) numbers.push_back(note.attempt);
    return numbers;
  }
  /// What it says of limits at its start: the hard one, the soft one.
  static std::string said_at_start(const support::WorkerProcess& worker) {
    for (const auto& event : worker.events()) {
      if (event.at("message") != "worker started") continue;
      return event.at("time_limit").get<std::string>() + ", " +
             event.at("soft_time_limit").get<std::string>();
    }
    return "nothing";
  }
};

TEST_F(WorkerTimeLimit, CancelsTheQueryOfATaskAndRetriesItByItsPolicy) {
  auto& worker = start_worker({"--concurrency", "1"});
  const auto job = tasks.sleep_in_sql.apply_async(
      {.max_retries = 1, .backoff = fixed(1ms), .time_limit = 200ms}, 1, kAnHour);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason, "timed out in task 'sleep_in_sql' after 0.2 s");
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, job);
  ASSERT_EQ(letter.job->errors.size(), 2U);
  EXPECT_THAT(letter.job->errors, Each(Field(&AttemptError::error, letter.reason)));
  EXPECT_THAT(letter.job->errors, Each(Field(&AttemptError::type, "aftercommit::TimeLimitExceeded")));
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2})) << "what the other wrote is rolled back, and its thread goes on";
  EXPECT_EQ(worker.count("worker started"), 1) << "no process was lost for it";
}

TEST_F(WorkerTimeLimit, AsksATaskToStopAtItsSoftLimit) {
  start_worker();
  tasks.wait_for_stop.apply_async({.max_retries = 0, .soft_time_limit = 500ms}, 1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.reason, "returning early");
}

TEST_F(WorkerTimeLimit, ThrowsOnceAtTheSoftLimitSoThatATaskCanCleanUpAndCommit) {
  start_worker();
  tasks.clean_up.apply_async({.soft_time_limit = 500ms}, 1);
  EXPECT_TRUE(eventually_effects({1, 2}));
}

TEST_F(WorkerTimeLimit, FailsTheAttemptWhateverItsTaskMakesOfTheCancel) {
  auto& worker = start_worker();
  tasks.swallow_all.delay(1, kAnHour);
  EXPECT_EQ(eventually_dead(1).at(0).reason, "timed out in task 'swallow_all' after 0.5 s");
  EXPECT_TRUE(worker.says("canceling statement"));
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerTimeLimit, CancelsAStatementOutsideOfTransactionsToo) {
  auto& worker = start_worker();
  tasks.sleep_alone.apply_async({.time_limit = 200ms}, 1, kAnHour);
  EXPECT_EQ(eventually_dead(1).at(0).reason, "timed out in task 'sleep_alone' after 0.2 s");
  EXPECT_EQ(worker.count("worker started"), 1);
}

TEST_F(WorkerTimeLimit, OfTheWorkerHoldsForWhoeverSaysNothingElseAndZeroSwitchesItOff) {
  start_worker({"--time-limit", "0.2"});
  tasks.sleep_in_sql.apply_async({.time_limit = 0ms}, 1, 0.5);
  tasks.sleep_in_sql.apply_async({.max_retries = 0}, 2, kAnHour);
  EXPECT_EQ(eventually_dead(1).at(0).reason, "timed out in task 'sleep_in_sql' after 0.2 s");
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerTimeLimit, IsSaidAtTheStart) {
  EXPECT_EQ(said_at_start(start_worker()), "1800 s, none");
  EXPECT_EQ(said_at_start(start_worker({"--time-limit", "0", "--soft-time-limit", "90"})), "none, 90 s");
}

TEST_F(WorkerTimeLimit, IsOverOnceTheCommitIsOnItsWay) {
  app.database().exec(R"(
    CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION commit_slowly())");
  start_worker();
  const auto job = tasks.insert.apply_async({.max_retries = 0, .time_limit = 1s}, 1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_THAT(attempts(job), ElementsAre(1));
}

TEST_F(WorkerTimeLimit, CostsTheProcessOfATaskThatDoesNotEndAnAttemptAndOtherJobsNone) {
  const support::HeldLock lock{database_url, lock_key};
  auto& worker = start_worker({"--lease", "3600", "--concurrency", "2"});
  const auto other = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(other) == 1; }));
  const auto job = tasks.spin.delay(2, 1);
  EXPECT_TRUE(eventually_effects({2})) << worker.log();
  EXPECT_THAT(attempts(job), ElementsAre(1, 2));
  EXPECT_EQ(worker.count("a worker process has died, and is replaced"), 1);
  EXPECT_EQ(worker.count("job failed, and will be retried"), 1);
  EXPECT_THAT(worker.log(), HasSubstr("timed out in task 'spin' after 0.5 s"));
  EXPECT_TRUE(eventually([&] { return starts(other) == 2; }));
  EXPECT_THAT(attempts(other), ElementsAre(1, 1));
}

TEST_F(WorkerTimeLimit, MakesAJobWhoseTaskNeverEndsADeadLetterAfterItsLastRetryAndNoCrash) {
  start_worker({"--lease", "3600"});
  tasks.spin.apply_async({.max_retries = 0}, 1, 9);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason, "timed out in task 'spin' after 0.5 s");
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->crashes, 0);
  EXPECT_THAT(letter.job->errors, ElementsAre(Field(&AttemptError::error, letter.reason)));
}

TEST_F(WorkerTimeLimit, EndsAWorkerWithoutASupervisorByAnErrorWhereATaskDoesNotEnd) {
  auto& worker = start_worker({"--processes", "0"});
  tasks.spin.delay(1, 9);
  EXPECT_EQ(worker.exit_code(), 1);
  EXPECT_THAT(worker.log(), HasSubstr("a task has not ended at its time limit"));
}

}  // namespace
}  // namespace aftercommit
