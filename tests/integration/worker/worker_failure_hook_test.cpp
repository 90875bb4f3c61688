// What a task does when a job of it dies, and what it may say before: on_failure, and snoozes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Cause = DeadLetter::Cause;

class WorkerFailureHook : public support::WorkerTest {
 protected:
  /// Where a crash is to be seen as it is, not as a report of the sanitizer.
  void start_worker_that_may_crash() {
    const char* const options = "handle_segv=0:handle_abort=0:use_sigaltstack=0";
    start_worker(Start{.options = {"--lease", "3600"},
                       .environment = {{"ASAN_OPTIONS", options}, {"TSAN_OPTIONS", options}}});
  }
  std::size_t hook_runs(const JobId& job) {
    std::size_t runs = 0;
    for (const auto& note : notes(job)) runs += note.text.starts_with("died: ") ? 1U : 0U;
    return runs;
  }
  /// What the hook of job 1 leaves: its own effect, and that of the job that it has asked for.
  const std::vector<long> once{-1, 1001};
};

TEST_F(WorkerFailureHook, TakesEffectWithTheDeathOfItsJobOfEachDelivery) {
  start_worker();
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit}) {
    app.database().exec("TRUNCATE effect");
    const auto job = tasks.die.apply_async({.delivery = delivery}, 1, "throw", "return");
    EXPECT_TRUE(eventually_effects(once));
    EXPECT_EQ(starts(job), 2u) << "first the retries";
    ASSERT_EQ(hook_runs(job), 1u);
    EXPECT_EQ(notes(job).back().text, "died: retries_exhausted: as always");
    EXPECT_EQ(notes(job).back().attempt, 2) << "the last that it had";
  }
  const auto letters = eventually_dead(2);
  for (const auto& letter : letters) {
    EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
    EXPECT_EQ(letter.reason, "as always");
    ASSERT_TRUE(letter.job);
    EXPECT_EQ(letter.job->attempt, 2);
    EXPECT_EQ(letter.job->errors.size(), 2u);
    EXPECT_EQ(letter.job->death_cause, "") << "what it is marked by on its way is no matter of the letter's";
  }
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerFailureHook, ThatThrowsChangesNothingAndIsKeptInTheLetter) {
  auto& worker = start_worker();
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit})
    tasks.die.apply_async({.delivery = delivery}, 1, "reject", "throw");
  for (const auto& letter : eventually_dead(2)) {
    EXPECT_EQ(letter.cause, Cause::kRejected);
    EXPECT_EQ(letter.reason, "there is no such customer");
    ASSERT_TRUE(letter.job);
    ASSERT_EQ(letter.job->errors.size(), 2u);
    EXPECT_EQ(letter.job->errors.back().error, "its on_failure hook failed: the hook has failed");
  }
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(effects().empty()) << "nor does the job run that it asked for";
  EXPECT_EQ(worker.count("the on_failure hook of a job has failed; the job is dead all the same"), 2);
}

TEST_F(WorkerFailureHook, IsCalledAgainWhereItsSessionIsLostAndTakesEffectOnce) {
  start_worker();
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit}) {
    app.database().exec("TRUNCATE effect");
    app.database().exec("ALTER SEQUENCE tries RESTART");
    const auto job = tasks.die.apply_async({.delivery = delivery}, 1, "reject", "lose its session once");
    EXPECT_TRUE(eventually_effects(once));
    EXPECT_EQ(hook_runs(job), 2u);
    EXPECT_EQ(starts(job), 1u) << "the job itself is dead";
  }
  eventually_dead(2);
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), once);
}

TEST_F(WorkerFailureHook, IsCalledByALivingWorkerWhereTheJobHasBroughtDownItsOwn) {
  start_worker_that_may_crash();
  const auto job = tasks.die.delay(1, "abort", "return");
  EXPECT_TRUE(eventually_effects(once));
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kCrashed);
  EXPECT_THAT(letter.reason, HasSubstr("SIGABRT"));
  EXPECT_EQ(starts(job), 3u);
  EXPECT_EQ(hook_runs(job), 1u);
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->crashes, 3);
}

TEST_F(WorkerFailureHook, IsCalledAgainWhereItHasBroughtDownTheWorkerItself) {
  start_worker_that_may_crash();
  const auto job = tasks.die.apply_async({.delivery = Delivery::kOnCommit}, 1, "reject", "abort once");
  EXPECT_TRUE(eventually_effects(once));
  EXPECT_EQ(eventually_dead(1).at(0).cause, Cause::kRejected);
  EXPECT_EQ(starts(job), 1u);
  EXPECT_EQ(hook_runs(job), 2u);
}

TEST_F(WorkerFailureHook, IsNotCalledAgainWhereItsWorkerIsKilledBetweenItsCommitAndTheWordToTheBroker) {
  start_worker(Start{.options = {"--lease", "3600"},
                     .environment = {{"AFTERCOMMIT_FAIL_POINT", "worker.after_hook:kill"}}});
  const auto job = tasks.die.apply_async({.delivery = Delivery::kOnCommit}, 1, "reject", "return");
  EXPECT_EQ(eventually_dead(1).at(0).cause, Cause::kRejected) << "it is no less dead for that";
  EXPECT_TRUE(eventually_effects(once));
  EXPECT_EQ(hook_runs(job), 1u);
}

TEST_F(WorkerFailureHook, IsCalledForEachDeathOfAJobThatWasRevived) {
  start_worker();
  const auto job = tasks.die.apply_async({.delivery = Delivery::kOnCommit}, 1, "reject", "return");
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  const auto again = encode(revived(*letter.job));
  const Outgoing outgoing{.queue = "default", .payload = again};
  ASSERT_TRUE(
      broker->remove_dead_letter("default", broker->dead_letters("default", 0, 1).at(0).letter, &outgoing));
  EXPECT_TRUE(eventually_effects({-1, -1, 1001, 1001}));
  EXPECT_EQ(hook_runs(job), 2u);
  eventually_dead(1);
}

TEST_F(WorkerFailureHook, IsNotCalledForAJobThatTookEffectBeforeItsWorkerCouldSaySo) {
  const auto delivered_again = [&](const std::string& task, const nlohmann::json& args) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    Envelope job{.id = JobId::generate(), .task = task, .args = args, .queue = "default", .enqueued_at = now};
    job.attempt = 2;
    job.retry_until = now - 1h;  // too late for another attempt, if it needed one
    app.database().exec("INSERT INTO " + schema.name() + ".ledger (id) VALUES ($1)", job.id);
    enqueue_raw(encode(job));
  };
  delivered_again("die", {1, "return", "return"});
  delivered_again("insert", {2});
  auto& worker = start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(effects().empty());
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty()) << worker.log();
}

using WorkerSnooze = WorkerFailureHook;

TEST_F(WorkerSnooze, BringsAJobBackAtTheSameAttemptThoughItHasNoRetry) {
  auto& worker = start_worker();
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit}) {
    app.database().exec("TRUNCATE effect");
    app.database().exec("ALTER SEQUENCE tries RESTART");
    const auto job = tasks.nap.apply_async({.delivery = delivery}, 1, 10, 3);
    EXPECT_TRUE(eventually_effects({1}));
    const auto runs = notes(job);
    ASSERT_EQ(runs.size(), 4u);
    for (const auto& run : runs) EXPECT_EQ(run.attempt, 1);
  }
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(worker.count("job snoozed by its task, which uses up no retry"), 6);
}

}  // namespace
}  // namespace aftercommit
