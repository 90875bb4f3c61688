// Threads of a worker that stand still while its lease is renewed: told, and the process is replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kEnded = "this process hangs and is ended";
constexpr const char* kTold = "a thread of this worker gets nowhere";

struct Hang {
  const char* name;
  const char* point;
  const char* thread;  ///< and where it stands
};

void PrintTo(const Hang& hang, std::ostream* out) { *out << hang.point; }

class WorkerHang : public FaultTest, public ::testing::WithParamInterface<Hang> {
 protected:
  static std::map<std::string, std::string> at(const std::string& point, int pass) {
    return {{"AFTERCOMMIT_FAIL_POINT", point + ":hang@" + std::to_string(pass)}};
  }
  /// With whatever it watches.
  static void kill(const Worker& worker) {
    const auto left = worker.children();
    worker.signal(SIGKILL);
    for (const auto child : left) ::kill(child, SIGKILL);
  }
};

TEST_P(WorkerHang, IsToldAndTheProcessReplacedWithItsJobsGivenBackAndNoneBlamed) {  // P5, P7
  auto& worker = start_worker(
      {.options = {"--processes", "1", "--hang-timeout", "1"}, .environment = at(GetParam().point, 2)});
  enqueue_one();
  EXPECT_TRUE(eventually([&] { return effects() == 1; }));
  for (int i = 0; i < 5; ++i) enqueue_one();
  EXPECT_TRUE(eventually([&] { return worker.times_said(kEnded) > 0; })) << worker.log();
  EXPECT_THAT(worker.log(), HasSubstr(kTold));
  EXPECT_THAT(worker.log(), HasSubstr(GetParam().thread));
  kill(worker);
  start_worker();
  expect_promises_kept();
  EXPECT_THAT(worker.log(), Not(HasSubstr("died while it ran this job")));
}

INSTANTIATE_TEST_SUITE_P(Of, WorkerHang,
                         ::testing::Values(Hang{"ClaimOfAJob", "worker.after_begin", "claiming"},
                                           Hang{"CommitOfAJob", "worker.after_run", "committing"},
                                           Hang{"Fetcher", "worker.after_fetch", "fetcher was at work"},
                                           Hang{"Settler", "worker.after_settle", "settler was at work"},
                                           Hang{"Scheduler", "promoting delayed jobs",
                                                "scheduler was at work"},
                                           Hang{"Heartbeat", "renewing the lease", "heartbeat was at work"}),
                         [](const auto& test) { return test.param.name; });

using WorkerThatHangs = WorkerHang;

TEST_F(WorkerThatHangs, EndsWithAnErrorWhereNobodyWatchesIt) {
  auto& worker = start_worker(
      {.options = {"--processes", "0", "--hang-timeout", "1"}, .environment = at("worker.after_begin", 1)});
  enqueue_one();
  EXPECT_EQ(worker.exit_code(), 1) << worker.log();
  EXPECT_THAT(worker.log(), HasSubstr(kEnded));
  start_worker();
  expect_promises_kept();
}

TEST_F(WorkerThatHangs, DrainsItsQueueThoughEachOfItsProcessesHangsAfterAWhile) {
  start_worker({.options = {"--processes", "1", "--hang-timeout", "1", "--concurrency", "2"},
                .environment = at("worker.after_run", 5)});
  for (int i = 0; i < 12; ++i) enqueue_one();
  expect_promises_kept();
}

TEST_F(WorkerThatHangs, IsLeftAloneWhereItIsTheTaskThatTakesItsTime) {
  auto& worker = start_worker({"--processes", "1", "--hang-timeout", "1"});
  transact([&](Transaction&, Intent& intent) { ask(intent, tasks.slow, {}, 0L, 3500L); });
  EXPECT_TRUE(worker.says("a task takes long"));
  expect_promises_kept();
  EXPECT_THAT(worker.log(), Not(HasSubstr(kEnded)));
  EXPECT_THAT(worker.log(), Not(ContainsRegex(std::string{kTold} + "[^\n]*in the task")));
}

TEST_F(WorkerThatHangs, IsLeftAloneWithoutAHangTimeout) {
  auto& worker = start_worker(
      {.options = {"--processes", "1", "--hang-timeout", "0"}, .environment = at("worker.after_begin", 1)});
  enqueue_one();
  EXPECT_FALSE(eventually([&] { return worker.log().find(kEnded) != std::string::npos; }, 3s));
  kill(worker);
  start_worker();
  expect_promises_kept();
}

TEST_F(WorkerThatHangs, ObeysASignalAllTheSame) {
  auto& worker =
      start_worker({.options = {"--processes", "1", "--hang-timeout", "0", "--shutdown-timeout", "0"},
                    .environment = at("worker.after_fetch", 1)});
  enqueue_one();
  constexpr const char* kHeld =
      "local pending = redis.pcall('XPENDING', KEYS[1], 'workers') return pending[1] or 0";
  ASSERT_TRUE(eventually([&] {
    return support::ask_redis_number(redis, {"EVAL", kHeld, "1", "ac:{load}:stream"}) == 1;
  }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(40s), 4) << worker.log();
  EXPECT_THAT(worker.log(), HasSubstr("without waiting for a thread that hangs"));
  start_worker();
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
