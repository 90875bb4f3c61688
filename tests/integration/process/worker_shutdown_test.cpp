// How a worker ends: by a signal, with nothing lost and no attempt used up.
#include <gtest/gtest.h>

#include <csignal>
#include <numeric>
#include <pqxx/pqxx>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using namespace std::chrono_literals;

class WorkerShutdown : public support::WorkerTest {
 protected:
  /// What the server does for workers of this test.
  std::size_t running_statements() {
    return app.database()
        .exec(
            "SELECT FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' AND query LIKE "
            "'%sleep%'"
            " AND pid <> pg_backend_pid()",
            schema.name())
        .size();
  }

  /// The number of each attempt, as the task saw it.
  std::vector<int> attempts(const JobId& job) {
    std::vector<int> numbers;
    for (const auto& note : notes(job)) numbers.push_back(note.attempt);
    return numbers;
  }
};

class WorkerSignal : public WorkerShutdown, public ::testing::WithParamInterface<int> {};

TEST_P(WorkerSignal, EndsAnIdleWorkerWithinASecondOrSo) {
  auto& worker = start_worker();
  worker.signal(GetParam());
  EXPECT_EQ(worker.exit_code(3s), 0);
  EXPECT_EQ(worker.count("worker stopped"), 1);
}

TEST_P(WorkerSignal, LetsTheRunningJobsFinish) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker();
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(GetParam());
  ASSERT_TRUE(worker.says("worker stopping"));
  EXPECT_TRUE(worker.runs());
  lock.release();
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(effects(), std::vector<long>{1});
  EXPECT_TRUE(eventually_empty()) << "settled before it ended";
}

TEST_P(WorkerSignal, EndsTheWorkerAtOnceWhenItIsTheSecond) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker();
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(SIGTERM);
  ASSERT_TRUE(worker.says("worker stopping"));
  worker.signal(GetParam());
  EXPECT_EQ(worker.exit_code(3s), 4);
  EXPECT_EQ(broker->counts("default").running, 1) << "it returns after its lease";
}

TEST_F(WorkerShutdown, WaitsForNoDatabaseThatDoesNotAnswer) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  pqxx::connection connection{database_url};
  pqxx::work holder{connection};
  holder.exec("LOCK TABLE " + schema.name() + ".job IN ACCESS EXCLUSIVE MODE");
  // Its relay waits for the table, and has to be joined.
  ASSERT_TRUE(eventually([&] {
    return !holder
                .exec("SELECT FROM pg_locks WHERE NOT granted AND relation = '" + schema.name() +
                      ".job'::regclass")
                .empty();
  }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(worker.count("stopped without waiting for a database that does not answer"), 1);
  EXPECT_EQ(worker.count("worker stopped"), 0);
  EXPECT_TRUE(eventually_empty()) << "all was settled before";
}

TEST_F(WorkerShutdown, ByTheHangUpOfATerminalIsInGoodOrderHoweverOftenItComes) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker();
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  const auto child = worker.children().at(0);
  for (int times = 0; times < 2; ++times) {  // as the terminal and its shell send it
    ::kill(child, SIGHUP);
    worker.signal(SIGHUP);
    ASSERT_TRUE(worker.says("stopping the worker processes"));
  }
  worker.signal(SIGTERM);  // the first of its kind
  lock.release();
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(effects(), std::vector<long>{1});
}

TEST_F(WorkerShutdown, IsNotBroughtAboutByAHangUpThatWasIgnoredAtTheStart) {
  auto& worker = workers.emplace_back(std::vector<std::string>{
      "/bin/sh", "-c", "trap '' HUP; exec \"$0\" \"$@\"", AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS,
      "--redis", redis_url, "--database", database_url, "--schema", schema.name(), "--log-format", "json"});
  ASSERT_TRUE(worker.says("worker started"));
  ::kill(worker.children().at(0), SIGHUP);
  worker.signal(SIGHUP);
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(worker.count("worker stopping"), 1);
}

INSTANTIATE_TEST_SUITE_P(Signals, WorkerSignal, ::testing::Values(SIGTERM, SIGINT),
                         [](const auto& test) { return test.param == SIGTERM ? "Sigterm" : "Sigint"; });

TEST_F(WorkerShutdown, GivesBackWhatHasNotStartedWithItsAttemptUnused) {
  constexpr long kBefore = 300;
  HeldLock lock{database_url, lock_key};
  auto& first = start_worker({"--concurrency", "1", "--prefetch", "200"});
  std::vector<std::tuple<long>> quick;
  for (long value = 1; value <= kBefore; ++value) quick.emplace_back(value);
  tasks.insert.delay_many(quick);  // so that it has learned to fetch ahead
  std::vector<JobId> jobs;
  app.database().atomic([&] {
    jobs.push_back(tasks.stop_and_wait_for_lock.delay(1001, lock_key));
    for (long value = 1002; value <= 1005; ++value) jobs.push_back(tasks.insert.delay(value));
  });
  ASSERT_TRUE(eventually([&] { return starts(jobs[0]) == 1; }));
  // Where the machine is slow it fetches less ahead, and may hold the running job alone.
  RecordProperty("held", std::to_string(broker->counts("default").running));
  first.signal(SIGTERM);
  ::kill(first.children().at(0), SIGCONT);
  ASSERT_TRUE(first.says("worker stopping"));
  EXPECT_TRUE(eventually([&] { return broker->counts("default").running == 1; }))
      << "at once, not at its end";
  lock.release();
  EXPECT_EQ(first.exit_code(), 0);

  start_worker();
  EXPECT_TRUE(eventually([&] { return effects().size() == kBefore + 5; }));
  for (const auto& job : jobs) EXPECT_EQ(attempts(job), std::vector<int>{1});
}

TEST_F(WorkerShutdown, CancelsAQueryThatOutlastsItsPatienceAndGivesTheJobBack) {
  auto& first = start_worker({"--shutdown-timeout", "1"});
  const auto job = tasks.sleep_in_sql.delay(1, 30.0);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(8s), 0);
  EXPECT_EQ(first.count("job given back: the worker is stopping"), 1);
  EXPECT_TRUE(eventually([&] { return running_statements() == 0; }, 5s)) << "it goes on without its worker";
  EXPECT_TRUE(effects().empty()) << "rolled back";
  EXPECT_EQ(broker->counts("default").ready, 1);

  auto& second = start_worker({"--shutdown-timeout", "0"});
  ASSERT_TRUE(eventually([&] { return starts(job) == 2; }));
  EXPECT_EQ(attempts(job), (std::vector<int>{1, 1})) << "it used up no retry";
  second.signal(SIGTERM);
  EXPECT_EQ(second.exit_code(8s), 0);
}

TEST_F(WorkerShutdown, CutsOffATaskThatIsDeafAndGivesItsJobBack) {
  auto& first = start_worker({"--shutdown-timeout", "1"});
  const auto job = tasks.sleep_in_cpp.delay(1, 30.0);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(8s), 0);
  EXPECT_EQ(broker->counts("default").ready, 1);
  EXPECT_TRUE(effects().empty());

  start_worker();
  EXPECT_TRUE(eventually([&] { return starts(job) == 2; }));
  EXPECT_EQ(attempts(job), (std::vector<int>{1, 1}));
}

TEST_F(WorkerShutdown, DoesNotGiveBackAJobThatHasCommittedAndOnlyRunsItsHooks) {
  auto& worker = start_worker({"--shutdown-timeout", "0"});
  tasks.hang_in_hook.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(8s), 0);
  EXPECT_EQ(broker->counts("default").ready, 0);
  EXPECT_EQ(broker->counts("default").running, 0);
}

TEST_F(WorkerShutdown, TellsATaskThatAsksAndTakesItsReturnForNoFailure) {
  auto& first = start_worker({"--shutdown-timeout", "0"});
  const auto job = tasks.wait_for_stop.apply_async({.max_retries = 0}, 1);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(8s), 0);
  EXPECT_EQ(first.count("job given back: the worker is stopping"), 1);
  EXPECT_EQ(broker->counts("default").ready, 1);
  EXPECT_EQ(broker->counts("default").dead, 0);
}

TEST_F(WorkerShutdown, LosesNothingUnderLoad) {  // P3
  constexpr long kJobs = 2000;
  std::vector<std::tuple<long>> calls;
  std::vector<long> expected(kJobs);
  std::iota(expected.begin(), expected.end(), 1);
  for (const long value : expected) calls.emplace_back(value);
  auto& first = start_worker();
  tasks.insert.delay_many(calls);
  ASSERT_TRUE(eventually([&] { return starts() > 100; }));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(), 0);
  const auto done_by_first = effects().size();
  EXPECT_LT(done_by_first, expected.size()) << "it was not stopped in the midst of its work";
  EXPECT_EQ(broker->counts("default").running, 0);

  start_worker();
  EXPECT_TRUE(eventually_effects(expected)) << "each once";
  EXPECT_TRUE(eventually_empty());
  for (const auto& note : notes()) EXPECT_EQ(note.attempt, 1);
}

TEST_F(WorkerShutdown, LosesNothingOfLongJobsUnderLoad) {
  auto& first = start_worker({"--concurrency", "4", "--shutdown-timeout", "1"});
  for (long value = 1; value <= 8; ++value) {
    if (value % 2 == 0) tasks.sleep_in_sql.delay(value, 30.0);
    if (value % 2 == 1) tasks.sleep_in_cpp.delay(value, 30.0);
  }
  ASSERT_TRUE(eventually([&] { return starts() == 4; }));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(8s), 0);
  const auto counts = broker->counts("default");
  EXPECT_EQ(counts.ready, 8);
  EXPECT_EQ(counts.running + counts.delayed + counts.dead, 0);
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerShutdown, IsOrderlyThoughTheTaskLibraryHasStartedAThread) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start_worker(Start{.environment = {{"TEST_TASKS_START_A_THREAD", "1"}}});
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(SIGTERM);
  EXPECT_TRUE(worker.says("worker stopping")) << "the signal went to a thread that does not know it";
  lock.release();
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(effects(), std::vector<long>{1});
}

}  // namespace
}  // namespace aftercommit
