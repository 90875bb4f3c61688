// Worker processes that die, and the one that watches them: what the dead held comes back at once, and a job
// that kills them is stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <numeric>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using support::WorkerProcess;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kStarted = "worker started";
constexpr const char* kDied = "a worker process has died, and is replaced";

class WorkerSupervisor : public support::WorkerTest {
 protected:
  using WorkerTest::WorkerTest;

  /// Where a crash is to be seen as it is, not as a report of the sanitizer and an exit code.
  static std::map<std::string, std::string> no_sanitizer_signals() {
    const char* const options = "handle_segv=0:handle_abort=0:handle_sigbus=0:use_sigaltstack=0";
    return {{"ASAN_OPTIONS", options}, {"TSAN_OPTIONS", options}};
  }
  /// A lease so long that nothing in these tests can wait for it.
  WorkerProcess& start(std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--lease", "3600"});
    return start_worker(Start{.options = std::move(options), .environment = no_sanitizer_signals()});
  }
  bool eventually_started(const WorkerProcess& worker, long times) {
    return eventually([&] { return worker.count(kStarted) >= times; });
  }
  static std::vector<long> one_to(long last) {
    std::vector<long> values(static_cast<std::size_t>(last));
    std::iota(values.begin(), values.end(), 1);
    return values;
  }
  std::vector<int> attempts(const JobId& job) {
    std::vector<int> numbers;
    for (const auto& note : notes(job)) {
      if (note.text == "started") numbers.push_back(note.attempt);
    }
    return numbers;
  }
};

std::string without_blanks(const ::testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  std::erase(name, ' ');
  return name;
}

struct Crash {
  const char* how;
  const char* seen_as;
  Delivery delivery;

  friend void PrintTo(const Crash& crash, std::ostream* out) { *out << crash.how; }
};

class Poison : public WorkerSupervisor, public ::testing::WithParamInterface<Crash> {};

TEST_P(Poison, IsDeadAfterThreeStartsAndItsNeighboursTakeEffectOnce) {  // P5, P7
  const auto [how, seen_as, delivery] = GetParam();
  for (long value = 1; value <= 25; ++value) tasks.insert.apply_async({.delivery = delivery}, value);
  const auto poison = tasks.crash.apply_async({.delivery = delivery}, 1000, how);
  for (long value = 26; value <= 50; ++value) tasks.insert.apply_async({.delivery = delivery}, value);
  auto& worker = start({"--concurrency", "4"});

  const auto letter = eventually_dead(1).at(0);
  EXPECT_TRUE(eventually_effects(one_to(50)));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(starts(poison), 3u);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kCrashed);
  EXPECT_THAT(letter.reason, HasSubstr(seen_as));
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, poison);
  EXPECT_EQ(letter.job->crashes, 3);
  EXPECT_EQ(letter.job->attempt, 1) << "a crash uses up no attempt";
  EXPECT_EQ(letter.job->errors.size(), 3u);
  EXPECT_THAT(letter.job->errors, Each(Field(&AttemptError::error, HasSubstr(seen_as))));
  EXPECT_EQ(table.find(poison), std::nullopt);
  EXPECT_EQ(worker.times_said(kDied), 3);
  EXPECT_TRUE(worker.runs());
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, Poison,
                         ::testing::Values(Crash{"segfault", "SIGSEGV", Delivery::kDurable},
                                           Crash{"segfault", "SIGSEGV", Delivery::kOnCommit},
                                           Crash{"abort", "SIGABRT", Delivery::kDurable},
                                           Crash{"stack overflow", "SIGSEGV", Delivery::kOnCommit},
                                           Crash{"terminate", "SIGABRT", Delivery::kDurable},
                                           Crash{"exit", "exit code 0", Delivery::kDurable},
                                           Crash{"_exit", "exit code 0", Delivery::kOnCommit},
                                           Crash{"kill", "SIGKILL", Delivery::kDurable},
                                           Crash{"close all files", "closed the files", Delivery::kOnCommit}),
                         [](const auto& test) {
                           std::string name = test.param.how;
                           std::erase_if(name, [](char c) { return c == ' ' || c == '_'; });
                           return (test.param.how[0] == '_' ? "Quick" : "") + name +
                                  (test.param.delivery == Delivery::kDurable ? "Durable" : "OnCommit");
                         });

TEST_F(WorkerSupervisor, CountsACrashAsNoAttempt) {  // P5
  const auto job = tasks.crash_at_first.apply_async({.max_retries = 0}, 1, "segfault", 2);
  start();
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(attempts(job), (std::vector<int>{1, 1, 1}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(broker->counts("default").dead, 0);
}

class Culprit : public WorkerSupervisor, public ::testing::WithParamInterface<std::string> {};

TEST_P(Culprit, AloneIsBlamedForTheCrash) {
  HeldLock lock{database_url, lock_key};
  start({"--concurrency", "2"});
  const auto neighbour = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(neighbour) == 1; }));
  const auto poison = tasks.crash.delay(1000, GetParam());
  EXPECT_EQ(eventually_dead(1).at(0).job->id, poison);
  ASSERT_TRUE(eventually([&] { return starts(neighbour) >= 2; }));
  EXPECT_THAT(table.find(neighbour).value().envelope, ::testing::Not(HasSubstr("crashes")));
  lock.release();
  EXPECT_TRUE(eventually_effects({1}));
}

INSTANTIATE_TEST_SUITE_P(Of, Culprit,
                         ::testing::ValuesIn(std::vector<std::string>{"segfault", "abort", "stack overflow",
                                                                      "terminate", "exit"}),
                         without_blanks);

TEST_F(WorkerSupervisor, GivesBackAtOnceWhatAKilledProcessHadFetched) {  // P5
  constexpr long kBefore = 300;
  auto& worker = start({"--concurrency", "1", "--prefetch", "200", "--lease", "600"});
  std::vector<std::tuple<long>> quick;
  for (long value = 1; value <= kBefore; ++value) quick.emplace_back(value);
  tasks.insert.delay_many(quick);  // so that it has learned to fetch ahead
  ASSERT_TRUE(eventually_effects(one_to(kBefore))) << worker.log();
  app.database().atomic([&] {
    tasks.crash_at_first.delay(kBefore + 1, "stop", 1);
    for (long value = 2; value <= 5; ++value) tasks.insert.delay(kBefore + value);
  });
  // It has counted its first run, and stops.
  ASSERT_TRUE(
      eventually([&] { return app.database().exec("SELECT is_called FROM tries")[0][0].as<bool>(); }));
  // Where the machine is slow it fetches less ahead, and may hold the running job alone.
  RecordProperty("held", std::to_string(broker->counts("default").running));

  ::kill(worker.children().at(0), SIGKILL);
  EXPECT_TRUE(eventually_effects(one_to(kBefore + 5))) << worker.log();
  EXPECT_EQ(starts(), static_cast<std::size_t>(kBefore + 6)) << "only what had started runs twice";
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerSupervisor, GoesOnWhenATaskClosesTheFilesOfItsProcess) {
  for (long value = 1; value <= 20; ++value) tasks.insert.delay(value);
  tasks.crash_at_first.delay(21, "close all files", 1);
  for (long value = 22; value <= 40; ++value) tasks.insert.delay(value);
  auto& worker = start({"--concurrency", "4"});
  EXPECT_TRUE(eventually_effects(one_to(40))) << worker.log();
  EXPECT_TRUE(eventually_empty()) << worker.log();
}

class Meddler : public WorkerSupervisor, public ::testing::WithParamInterface<std::string> {};

TEST_P(Meddler, HarmsNoOtherJobAndNoOrderlyStop) {
  auto& worker = start({"--concurrency", "1"});  // so that all run on one thread
  tasks.meddle.delay(1, GetParam());
  ASSERT_TRUE(eventually_effects({1})) << worker.log();
  for (long value = 2; value <= 2000; value += 333) tasks.insert.delay(value);
  EXPECT_TRUE(eventually_effects({1, 2, 335, 668, 1001, 1334, 1667, 2000}));
  tasks.succeed_at.delay(3000, 2);
  EXPECT_TRUE(eventually([&] { return effects().size() == 9; })) << "after a retry";
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(worker.count("worker stopped"), 1);
  EXPECT_EQ(worker.count(kDied), 0);
}

INSTANTIATE_TEST_SUITE_P(Of, Meddler,
                         ::testing::ValuesIn(std::vector<std::string>{
                             "directory", "locale", "signals let through", "signals blocked", "fork",
                             "fork a child and stop it"}),
                         without_blanks);

TEST_F(WorkerSupervisor, BreaksOffNoJobWhereATaskLetsASignalToStopInToItsThread) {
  auto& worker = start({"--concurrency", "1"});
  const auto job = tasks.meddle.delay(1, "a signal let in");
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2})) << worker.log();
  EXPECT_EQ(starts(job), 1u) << worker.log();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(worker.count(kDied), 0) << worker.log();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need the address space
TEST_F(WorkerSupervisor, TakesAllMemoryAskedForInVainAsAnErrorLikeOthers) {
  auto& worker = workers.emplace_back(
      std::vector<std::string>{"/bin/sh", "-c", "ulimit -v 4000000; exec \"$0\" \"$@\"", AFTERCOMMIT_WORKER,
                               "--app", AFTERCOMMIT_TEST_TASKS, "--redis", redis_url, "--database",
                               database_url, "--schema", schema.name(), "--log-format", "json"});
  const auto job = tasks.meddle.delay(1, "ten gigabytes");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_EQ(starts(job), 1u);
  EXPECT_EQ(worker.count(kDied), 0);
}
#endif

TEST_F(WorkerSupervisor, RunsJobsInAsManyProcessesAsAskedForAndStopsThemAll) {
  auto& worker = start({"--processes", "3"});
  ASSERT_TRUE(eventually_started(worker, 3));
  EXPECT_EQ(worker.children().size(), 3u);
  for (long value = 1; value <= 100; ++value) tasks.insert.delay(value);
  EXPECT_TRUE(eventually_effects(one_to(100)));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(worker.count("worker stopped"), 3);
  EXPECT_EQ(worker.count(kDied), 0);
}

TEST_F(WorkerSupervisor, ReplacesTheProcessThatDiedAndLeavesTheOthersAlone) {
  auto& worker = start({"--processes", "3"});
  ASSERT_TRUE(eventually_started(worker, 3));
  const auto before = worker.children();
  ::kill(before.at(1), SIGKILL);
  ASSERT_TRUE(eventually_started(worker, 4));
  const auto after = worker.children();
  EXPECT_EQ(after.size(), 3u);
  EXPECT_THAT(after, ::testing::IsSupersetOf({before[0], before[2]}));
  EXPECT_THAT(after, ::testing::Not(::testing::Contains(before[1])));
  EXPECT_THAT(worker.log(), HasSubstr("SIGKILL"));
}

TEST_F(WorkerSupervisor, RunsJobsInItsOwnProcessIfThereAreToBeNoOthers) {
  auto& worker = start({"--processes", "0"});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_TRUE(worker.children().empty());
}

TEST_F(WorkerSupervisor, TakesOneSignalToTheWholeGroupForOne) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start();
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  ::kill(worker.children().at(0), SIGINT);  // as Ctrl-C, and as a service manager does
  ASSERT_TRUE(worker.says("worker stopping"));
  worker.signal(SIGINT);
  ASSERT_TRUE(worker.says("stopping the worker processes"));
  // Longer than a fetch blocks, after which the process looks for a second signal.
  EXPECT_FALSE(eventually([&] { return !worker.runs(); }, 1500ms)) << "the job was not left to finish";
  lock.release();
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(effects(), std::vector<long>{1});
}

TEST_F(WorkerSupervisor, EndsItsProcessesAtOnceAtASecondSignal) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start({"--processes", "2"});
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(SIGTERM);
  ASSERT_TRUE(worker.says("worker stopping"));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 4) << "the worst of all";
}

TEST_F(WorkerSupervisor, LeavesBehindProcessesThatStopInGoodOrder) {
  HeldLock lock{database_url, lock_key};
  auto& worker = start();
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  worker.signal(SIGKILL);
  ASSERT_EQ(worker.exit_code(), 128 + SIGKILL);
  ASSERT_TRUE(eventually([&] { return worker.count("worker stopping") == 1; }));
  lock.release();
  EXPECT_TRUE(eventually([&] { return worker.count("worker stopped") == 1; }));
  EXPECT_EQ(effects(), std::vector<long>{1});
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerSupervisor, EndsWhenItsProcessesAreToldToStopOneByOne) {
  auto& worker = start({"--processes", "2"});
  ASSERT_TRUE(eventually_started(worker, 2));
  const auto children = worker.children();
  ::kill(children.at(0), SIGTERM);
  EXPECT_TRUE(eventually([&] { return worker.children().size() == 1; }));
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  ::kill(children.at(1), SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_F(WorkerSupervisor, ReplacesAProcessThatHasRunItsNumberOfJobs) {
  auto& worker = start({"--max-jobs", "20", "--concurrency", "2"});
  for (long value = 1; value <= 100; ++value) tasks.insert.delay(value);
  EXPECT_TRUE(eventually_effects(one_to(100)));
  EXPECT_TRUE(eventually_started(worker, 3));
  EXPECT_EQ(starts(), 100u) << "none was cut off";
  EXPECT_EQ(worker.count(kDied), 0);
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(worker.runs());
}

TEST_F(WorkerSupervisor, ReplacesAProcessThatHasGrownTooLarge) {
  auto& worker = start({"--max-memory", "1"});  // as every one has from its first job on
  for (long value = 1; value <= 3; ++value) {
    ASSERT_TRUE(eventually_started(worker, value));
    tasks.insert.delay(value);
    EXPECT_TRUE(eventually_effects(one_to(value)));
  }
  EXPECT_TRUE(eventually_started(worker, 4));
  EXPECT_EQ(starts(), 3u);
  EXPECT_EQ(worker.count(kDied), 0);
}

TEST_F(WorkerSupervisor, SaysOnceForAllProcessesWhyNoneCanStart) {
  WorkerProcess worker{{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS, "--redis", redis_url,
                        "--database", "postgresql://127.0.0.1:1/nowhere", "--processes", "3"}};
  EXPECT_EQ(worker.exit_code(), 3);
  const auto log = worker.log();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

/// Its own Redis, to be taken away.
class WorkerRestart : public WorkerSupervisor {
 protected:
  WorkerRestart() : WorkerRestart{std::make_unique<support::PrivateRedis>()} {}

  const std::unique_ptr<support::PrivateRedis> redis;

 private:
  explicit WorkerRestart(std::unique_ptr<support::PrivateRedis> started)
      : WorkerSupervisor{started->url()}, redis{std::move(started)} {}
};

TEST_F(WorkerRestart, RunsDurableJobsFromTheirTableWhileRedisIsAway) {
  auto& worker = start();
  redis->kill();
  ::kill(worker.children().at(0), SIGKILL);
  ASSERT_TRUE(eventually([&] { return worker.times_said(kStarted) == 2; })) << worker.log();
  EXPECT_EQ(worker.times_said("Redis is away; this worker starts without it"), 1) << worker.log();
  EXPECT_TRUE(worker.says("Redis is away: what the process that has died held there")) << worker.log();
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1})) << worker.log();
  redis->start();
  EXPECT_TRUE(worker.says("Redis answers again")) << worker.log();
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2}));
}

TEST_F(WorkerRestart, OfARelayWaitsForAServerThatIsAwayAndSaysSoOnce) {
  auto& worker = start({"--relay-only"});
  redis->kill();
  ::kill(worker.children().at(0), SIGKILL);
  ASSERT_TRUE(eventually([&] { return worker.times_said("worker: ") == 1; })) << worker.log();
  std::vector<pid_t> seen;
  ASSERT_TRUE(eventually([&] {  // it has tried again, more than once
    for (const auto pid : worker.children()) {
      if (std::ranges::find(seen, pid) == seen.end()) seen.push_back(pid);
    }
    return seen.size() >= 3;
  }));
  EXPECT_EQ(worker.times_said("worker: "), 1) << worker.log();
  redis->start();
  ASSERT_TRUE(eventually([&] { return worker.times_said(kStarted) == 2; })) << worker.log();
}

}  // namespace
}  // namespace aftercommit
