/// Tasks that fork: the child ends where it would go on as a second worker.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;

/// How the child leaves the task, and how many processes the worker has: 0 is one without a supervisor.
using Case = std::pair<std::string, std::string>;

class WorkerFork : public support::WorkerTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "it does not follow the child of a process with several threads";
#endif
    worker = &start_worker({"--processes", GetParam().second, "--concurrency", "2"});
  }

  /// Other jobs run, each once, and the worker stops in order.
  void expect_worker_in_order() {
    for (long value = 1000; value < 1020; ++value) tasks.insert.delay(value);
    EXPECT_TRUE(eventually([&] { return effects().size() >= 20; }));
    EXPECT_TRUE(eventually_empty());
    worker->signal(SIGTERM);
    EXPECT_EQ(worker->exit_code(), 0);
    EXPECT_EQ(worker->count("worker stopped"), 1);
    EXPECT_EQ(worker->count("worker started"), 1);
  }

  support::WorkerProcess* worker = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Whose, WorkerFork,
                         ::testing::Values(Case{"return", "1"}, Case{"return", "0"}, Case{"throw", "1"},
                                           Case{"throw", "0"}, Case{"throw out of a block", "1"},
                                           Case{"use the transaction", "1"}, Case{"exit", "1"},
                                           Case{"exit", "0"}, Case{"close all files", "1"},
                                           Case{"return from a hook", "1"}),
                         [](const auto& of) {
                           std::string name;
                           for (const char c : "Child_" + of.param.first + "_Processes_" + of.param.second)
                             name += c == ' ' ? '_' : c;
                           return name;
                         });

TEST_P(WorkerFork, EndsTheChildThereAndRunsTheJobOnce) {  // P4
  const auto job = tasks.fork.delay(1, GetParam().first);
  ASSERT_TRUE(eventually_effects({1}));
  expect_worker_in_order();
  EXPECT_EQ(starts(job), 1U);
  EXPECT_EQ(worker->count("job done"), 21);
  EXPECT_EQ(worker->count("job failed, and will be retried"), 0);
  EXPECT_EQ(broker->counts("default").dead, 0);
}

using WorkerForkWithoutTransaction = WorkerFork;

INSTANTIATE_TEST_SUITE_P(Whose, WorkerForkWithoutTransaction,
                         ::testing::Values(Case{"return", "1"}, Case{"throw", "1"}, Case{"exit", "0"}),
                         [](const auto& of) { return "Child_" + of.param.first; });

TEST_P(WorkerForkWithoutTransaction, EndsTheChildThereToo) {  // P4
  const auto job = tasks.fork_without_transaction.delay(1, GetParam().first);
  ASSERT_TRUE(eventually([&] { return worker->count("job done") == 1; }));
  expect_worker_in_order();
  EXPECT_EQ(starts(job), 1U);
  EXPECT_EQ(worker->count("job done"), 21);
}

}  // namespace
}  // namespace aftercommit
