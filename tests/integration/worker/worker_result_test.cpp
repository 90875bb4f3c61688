/// What tasks return and tell, as those see it who asked for their jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "client/job_table/migrations.hpp"
#include "client/results/result_rows.hpp"
#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::HeldLock;
using ::testing::AllOf;
using ::testing::HasSubstr;

class WorkerResult : public support::WorkerTest {
 protected:
  static constexpr auto kPatience = support::kDeadline;

  std::string sql(const std::string& text) const { return detail::in_schema(text, schema.name()); }
  std::size_t kept() { return app.database().exec(sql("SELECT FROM {schema}.result")).size(); }
  pqxx::row by_sql(const std::string& call) { return app.database().exec(sql(call))[0]; }
};

TEST_F(WorkerResult, IsThereIfAndOnlyIfTheEffectIs) {  // P3
  start_worker();
  const auto good = tasks.answer.delay(1, "");
  const auto throws = tasks.answer.delay(2, "throws");
  const auto rolls_back = tasks.answer.delay(3, "rolls back");
  const auto found = tasks.answer.wait(good, kPatience);
  EXPECT_EQ(found.state(), ResultState::kDone);
  EXPECT_EQ(found.value(), "answer 1");
  EXPECT_EQ(effects(), std::vector<long>{1});
  const auto failed = tasks.answer.wait(throws, kPatience);
  EXPECT_EQ(failed.state(), ResultState::kFailed);
  EXPECT_EQ(failed.error(), "no answer");
  EXPECT_THROW(failed.value(), NoResult);
  EXPECT_EQ(tasks.answer.wait(rolls_back, kPatience).state(), ResultState::kFailed);
  EXPECT_EQ(kept(), 1U);
  EXPECT_EQ(effects(), std::vector<long>{1});
}

TEST_F(WorkerResult, IsKeptOfJobsThatAreNotDurableToo) {
  start_worker();
  const auto job = tasks.answer.apply_async({.delivery = Delivery::kOnCommit}, 1, "");
  EXPECT_EQ(tasks.answer.wait(job, kPatience).value(), "answer 1");
  app.database().exec(sql("DELETE FROM {schema}.result"));
  EXPECT_EQ(tasks.answer.result(job).state(), ResultState::kExpired) << "the ledger knows of its effect";
}

TEST_F(WorkerResult, OfAJobThatRunsIsPendingAndEndsTheWaitOfAllWhenItCommits) {
  HeldLock lock{database_url, lock_key};
  const auto job = tasks.wait_and_end.delay(1, lock_key);
  std::vector<std::future<Outcome<void>>> waits;
  for (int i = 0; i < 12; ++i) {  // more than the pool has connections
    waits.push_back(std::async(std::launch::async, [&] { return tasks.wait_and_end.wait(job, kPatience); }));
  }
  start_worker();
  EXPECT_TRUE(eventually([&] { return starts(job) == 1; }));
  EXPECT_EQ(tasks.wait_and_end.result(job).state(), ResultState::kPending);
  EXPECT_EQ(tasks.wait_and_end.wait(job, 30ms).state(), ResultState::kPending);
  lock.release();
  for (auto& wait : waits) EXPECT_EQ(wait.get().state(), ResultState::kDone);
}

TEST_F(WorkerResult, OfOneJobEndsItsWaitWhileOthersGoOn) {
  HeldLock first{database_url, lock_key};
  HeldLock second{database_url, lock_key + 1};
  start_worker();
  const auto one = tasks.wait_and_end.delay(1, lock_key);
  const auto other = tasks.wait_and_end.delay(2, lock_key + 1);
  auto of_one = std::async(std::launch::async, [&] { return tasks.wait_and_end.wait(one, kPatience); });
  auto of_other = std::async(std::launch::async, [&] { return tasks.wait_and_end.wait(other, kPatience); });
  first.release();
  EXPECT_TRUE(of_one.get());
  second.release();
  EXPECT_TRUE(of_other.get()) << "whoever of the two has looked for both";
}

TEST_F(WorkerResult, ThatDoesNotComeIsTakenAsItStandsWhenTheTimeHasPassed) {
  const auto job = tasks.answer.delay(1, "");
  EXPECT_EQ(tasks.answer.wait(job, 50ms).state(), ResultState::kPending);
  EXPECT_EQ(tasks.answer.wait(JobId::generate(), 50ms).state(), ResultState::kUnknown);
  EXPECT_EQ(by_sql("SELECT state FROM {schema}.wait('" + job.str() + "', '50 ms')")[0].c_str(),
            std::string{"pending"});
}

TEST_F(WorkerResult, IsNotWaitedForInsideATransaction) {
  app.database().atomic([&] {
    const auto job = tasks.answer.delay(1, "");
    EXPECT_THROW(tasks.answer.wait(job, kPatience), UsageError);
    EXPECT_EQ(tasks.answer.result(job).state(), ResultState::kUnknown) << "its row goes out with the commit";
  });
}

TEST_F(WorkerResult, IsForgottenWhenItsTimeHasPassed) {
  start_worker();
  const auto job = tasks.answer.delay(1, "");
  EXPECT_TRUE(tasks.answer.wait(job, kPatience));
  app.database().exec(sql("UPDATE {schema}.result SET expires_at = now() - interval '1 second'"));
  EXPECT_EQ(tasks.answer.result(job).state(), ResultState::kExpired);
  start_worker();
  EXPECT_TRUE(eventually([&] { return kept() == 0; }));
  EXPECT_EQ(tasks.answer.result(job).state(), ResultState::kUnknown);
}

TEST_F(WorkerResult, IsFoundWithoutTheBroker) {
  start_worker();
  const auto job = tasks.answer.delay(1, "");
  EXPECT_TRUE(tasks.answer.wait(job, kPatience));
  App other{"tests",
            {.redis_url = "redis://127.0.0.1:1",
             .databases = {{"default", {.url = database_url, .schema = schema.name()}}}}};
  const support::TestTasks others{other};
  EXPECT_EQ(others.answer.result(job).value(), "answer 1");
}

TEST_F(WorkerResult, BySqlIsTheSame) {
  start_worker();
  const auto job = tasks.answer.delay(1, "");
  const auto dead = tasks.answer.delay(2, "throws");
  auto row = by_sql("SELECT state, value FROM {schema}.wait('" + job.str() + "', '20 s')");
  EXPECT_EQ(row[0].c_str(), std::string{"done"});
  EXPECT_EQ(row[1].c_str(), std::string{"\"answer 1\""});
  row = by_sql("SELECT state, error FROM {schema}.wait('" + dead.str() + "', '20 s')");
  EXPECT_EQ(row[0].c_str(), std::string{"failed"});
  EXPECT_EQ(row[1].c_str(), std::string{"no answer"});
}

TEST_F(WorkerResult, OverThePayloadLimitFailsTheAttemptAndSaysSo) {
  start_worker();
  const auto job = tasks.answer.delay(1, "too large");
  EXPECT_THAT(tasks.answer.wait(job, kPatience).error(),
              AllOf(HasSubstr("the result of task 'answer' takes "), HasSubstr("over the payload limit")));
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerResult, WaitsForTablesThatAreNewEnoughAndUsesUpNoRetry) {
  app.database().exec(sql("DELETE FROM {schema}.migration WHERE version >= $1"), detail::kResultsVersion);
  auto& worker = start_worker({"--no-migrate"});
  const auto job = tasks.answer.delay(1, "");
  tasks.insert.delay(2);
  EXPECT_TRUE(worker.says("jobs of tasks that return a value wait"));
  EXPECT_TRUE(eventually_effects({2}));
  app.database().exec(
      sql("INSERT INTO {schema}.migration (version) SELECT generate_series($1::int, $2::int)"),
      detail::kResultsVersion, detail::kSchemaVersion);
  EXPECT_EQ(tasks.answer.wait(job, kPatience).value(), "answer 1");
}

TEST_F(WorkerResult, HasTheNewestLinesOfItsAttemptAndSoHasADeadLetter) {
  start_worker();
  const auto good = tasks.answer.delay(1, "");
  const auto log = tasks.answer.wait(good, kPatience).log();
  ASSERT_EQ(log.size(), 101U);
  EXPECT_EQ(log.front(), "... and 20 lines before");
  EXPECT_EQ(log.back(), "line 120");
  tasks.answer.delay(2, "throws");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_THAT(letter.job->errors.at(0).log,
              AllOf(HasSubstr("line 119\nline 120\n"), HasSubstr(" lines before")));
}

using WorkerProgress = WorkerResult;

TEST_F(WorkerProgress, IsSeenOutsideWhileTheJobRunsAndIsGoneWhenItHasTakenEffect) {
  HeldLock lock{database_url, lock_key};
  start_worker();
  const auto job = tasks.tell_progress.delay(1, lock_key);
  EXPECT_TRUE(eventually([&] {
    const auto progress = app.progress(job);
    return progress && progress->done == 100'000;
  }));
  const auto progress = app.progress(job).value();
  EXPECT_EQ(progress.total, 100'000);
  EXPECT_EQ(progress.note, "caf\u00e9");
  EXPECT_EQ(progress.attempt, 1);
  EXPECT_TRUE(effects().empty());
  lock.release();
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_TRUE(eventually([&] { return !app.progress(job); }));
}

TEST_F(WorkerProgress, OfAJobThatDiesStaysForADay) {
  start_worker();
  const auto job = tasks.tell_progress.delay(-1, lock_key);
  eventually_dead(1);
  EXPECT_TRUE(eventually([&] { return app.progress(job).has_value(); }));
  app.database().exec(sql("UPDATE {schema}.progress SET at = now() - interval '25 hours'"));
  EXPECT_EQ(detail::purge_progress(app.database()), 1U);
}

TEST_F(WorkerProgress, OfAnEarlierAttemptChangesNothingUnlessTheLaterOneHasBeenSilentForAWhile) {
  const auto job = JobId::generate();
  const auto write = [&](int attempt, std::int64_t done) {
    const detail::WrittenProgress word{.job = job, .attempt = attempt, .done = done, .total = 10};
    detail::write_progress(app.database(), {&word, 1});
    return app.progress(job).value().done;
  };
  EXPECT_EQ(write(3, 1), 1);
  EXPECT_EQ(write(1, 2), 1) << "of a worker that was taken for dead";
  app.database().exec(sql("UPDATE {schema}.progress SET at = now() - interval '1 minute'"));
  EXPECT_EQ(write(1, 3), 3) << "the job was dead, and is retried";
}

}  // namespace
}  // namespace aftercommit
