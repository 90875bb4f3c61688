// How a worker runs a job: each in a transaction of its own, which commits as a whole or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using support::Schema;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Worker : public support::WorkerTest {
 protected:
  /// Runs one job to its end as a dead letter; why it died.
  std::string reason_of_death() { return eventually_dead(1).at(0).reason; }
};

TEST_F(Worker, RunsWhatACommittedTransactionAskedForOnceAndNothingElse) {  // P1
  start_worker();
  app.database().atomic([&] { tasks.insert.delay(1); });
  EXPECT_THROW(app.database().atomic([&] {
    tasks.insert.delay(2);
    throw std::runtime_error{"deliberate"};
  }),
               std::runtime_error);
  tasks.insert.delay(3);

  EXPECT_TRUE(eventually_effects({1, 3}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(), 2u);
}

TEST_F(Worker, ShowsATaskWhatItsEnqueuerWroteHoweverOftenTheyRace) {  // P2
  start_worker();
  constexpr long kOrders = 200;
  std::vector<long> expected;
  for (long id = 1; id <= kOrders; ++id) {
    app.database().atomic([&](Transaction& tx) {
      tasks.read_order.delay(id);  // before the row: nothing but the commit orders the two
      tx.exec("INSERT INTO orders VALUES ($1)", id);
    });
    expected.push_back(id);
  }
  EXPECT_TRUE(eventually_effects(expected));
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty());
}

TEST_F(Worker, FindsNothingWhenAJobWasSentBeforeTheCommit) {  // what P2 is against
  start_worker();
  app.database().atomic([&](Transaction& tx) {
    tx.exec("INSERT INTO orders VALUES (1)");
    tasks.read_order.apply_async({.delivery = Delivery::kImmediate}, 1);
    EXPECT_EQ(reason_of_death(), "there is no such order");
  });
  EXPECT_TRUE(effects().empty());
}

TEST_F(Worker, RunsEachTaskInATransactionOfItsOwn) {  // P3
  HeldLock lock{database_url, lock_key};
  start_worker();
  const auto held = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(held) == 1; }));
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2})) << "one commits while the other is open, and is not seen";
  lock.release();
  EXPECT_TRUE(eventually_effects({1, 2}));
}

TEST_F(Worker, RollsBackTheWholeTransactionOfATaskThatThrows) {  // P3
  start_worker();
  tasks.fail.delay(1, "deliberate");
  EXPECT_EQ(reason_of_death(), "deliberate");
  EXPECT_EQ(starts(), 3u);
  EXPECT_TRUE(effects().empty());
}

TEST_F(Worker, TreatsATaskThatSwallowedADatabaseErrorAsFailed) {  // P3
  start_worker();
  tasks.swallow_error.delay(1);
  const auto reason = reason_of_death();
  EXPECT_NE(reason.find("'SELECT 1 / 0' failed: "), std::string::npos) << reason;
  EXPECT_NE(reason.find("division by zero"), std::string::npos) << reason;
  EXPECT_TRUE(effects().empty());
}

TEST_F(Worker, TreatsATaskThatAskedForARollbackAsFailedAndSaysSo) {  // P3
  start_worker();
  tasks.ask_for_rollback.delay(1);
  EXPECT_EQ(reason_of_death(),
            "the task returned, but had its transaction rolled back; throw Retry or Reject instead");
  EXPECT_TRUE(effects().empty());
}

TEST_F(Worker, CountsATaskAsDoneWhoseHookThrowsAfterTheCommit) {
  auto& worker = start_worker();
  const auto job = tasks.hook_throws.delay(1);
  EXPECT_TRUE(worker.says("after the commit of a job"));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), std::vector<long>{1});
  EXPECT_EQ(starts(job), 1u);
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty());
  EXPECT_NO_THROW(worker.events()) << "the newline in the error breaks no line of the log";
}

class WorkerConflict : public Worker, public ::testing::WithParamInterface<const char*> {};

TEST_P(WorkerConflict, RunsTheTransactionAgainAtOnceAndUsesUpNoRetry) {
  start_worker();
  const auto job = tasks.conflict.apply_async({.max_retries = 0}, 1, GetParam(), 3);
  EXPECT_TRUE(eventually_effects({1}));
  const auto attempts = notes(job);
  ASSERT_EQ(attempts.size(), 4u);
  for (const auto& note : attempts) EXPECT_EQ(note.attempt, 1);
}

TEST_P(WorkerConflict, UsesUpARetryOnceItHasRunAgainTooOften) {
  start_worker();
  const auto job = tasks.conflict.delay(1, GetParam(), 1000);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_EQ(starts(job), 12u);  // two attempts, each with five more runs
  EXPECT_TRUE(effects().empty());
}

INSTANTIATE_TEST_SUITE_P(SqlState, WorkerConflict, ::testing::Values("40001", "40P01"),
                         [](const auto& test) { return std::string{"Of"} + test.param; });

TEST_F(Worker, LetsBothJobsOfADeadlockSucceed) {
  app.database().exec("INSERT INTO orders VALUES (1), (2)");
  start_worker();
  tasks.cross.delay(1, 2);
  tasks.cross.delay(2, 1);
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_GE(starts(), 3u) << "there was no deadlock";
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty());
}

TEST_F(Worker, GivesNoTransactionToATaskThatWantsNoneAndLetsItEnqueue) {
  start_worker();
  const auto job = tasks.without_transaction.delay(7);
  EXPECT_TRUE(eventually_effects({7}));
  const auto seen = notes(job);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].text,
            "task 'without_transaction' is declared with transactional = false and has no transaction");
}

TEST_F(Worker, DoesNotLetATaskInManualModeSpoilTheJobsAfterIt) {
  auto& worker = start_worker({"--concurrency", "1"});
  tasks.leave_manual_mode.delay(1);
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2})) << "what nobody committed is rolled back, what follows is not";
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(notes().size(), 1u) << worker.log();
}

TEST_F(Worker, DoesNotLetATaskThatLeavesABlockOpenSpoilTheJobsAfterIt) {
  start_worker({"--concurrency", "1"});
  tasks.leave_block.delay(1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_THAT(letter.reason, HasSubstr("left an atomic block open"));
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_TRUE(eventually_empty());
}

TEST_F(Worker, RetriesAndBuriesATaskWhoseExceptionHasNoText) {
  start_worker();
  const auto job = tasks.throw_without_text.delay(1);
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("an exception without a text, of the type "));
  EXPECT_EQ(starts(job), 2U);
}

TEST_F(Worker, RunsAJobOnTheDatabaseWhoseTransactionItJoined) {
  const Schema reports;
  App two{"tests",
          {.redis_url = redis_url,
           .databases = {{"default", {.url = database_url, .schema = schema.name()}},
                         {"reports", {.url = reports.url(schema.name()), .schema = schema.name()}}}}};
  two.database("reports").exec("CREATE TABLE effect(job_id text, value bigint, attempt int)");
  const auto insert = two.task<long>("insert");
  start_worker({"--database", "reports=" + reports.url(schema.name())});

  two.database("reports").atomic([&] { insert.delay(1); });
  two.database("default").atomic([&] { insert.delay(2); });
  insert.apply_async({.database = "reports"}, 3);

  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), std::vector<long>{2});
  EXPECT_EQ(two.database("reports").exec("SELECT FROM effect WHERE value IN (1, 3)").size(), 2u);
  EXPECT_EQ(starts(), 3u);
}

TEST_F(Worker, ShowsATaskTheSameJobIdAtEveryAttempt) {  // P8
  start_worker();
  const auto job = tasks.succeed_at.delay(1, 3);
  EXPECT_TRUE(eventually_effects({1}));
  const auto attempts = notes();
  ASSERT_EQ(attempts.size(), 3u);
  for (const auto& note : attempts) EXPECT_EQ(note.job_id, job.str());
}

}  // namespace
}  // namespace aftercommit
