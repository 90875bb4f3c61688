// A start that cannot succeed: one sentence and exit code 2, whatever it dies of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// Where a crash is to be seen as it is, not as a report of the sanitizer.
std::map<std::string, std::string> failing(const std::string& how,
                                           const std::string& where = "FAILING_LIBRARY") {
  const char* const options = "handle_segv=0:handle_abort=0";
  return {{where, how}, {"ASAN_OPTIONS", options}, {"TSAN_OPTIONS", options}};
}

std::vector<std::string> command(std::vector<std::string> options = {}) {
  options.insert(options.begin(), {AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_FAILING_TASK_LIBRARY});
  return options;
}

struct Death {
  const char* how;
  const char* seen_as;

  friend void PrintTo(const Death& death, std::ostream* out) { *out << death.how; }
};

const Death kThrown[]{{"task name", "aftercommit::UsageError: "},
                      {"exception", "std::runtime_error: no licence"},
                      {"number", "int"},
                      {"thread", "std::runtime_error: on a thread"},
                      {"terminate", "std::terminate() was called"}};
const Death kOthers[]{{"segfault", "SIGSEGV"},   {"abort", "SIGABRT"},      {"kill", "SIGKILL"},
                      {"exit 0", "exit code 0"}, {"exit 1", "exit code 1"}, {"_exit", "exit code 3"}};

std::string name_of(const ::testing::TestParamInfo<Death>& test) {
  std::string name = test.param.how;
  std::erase_if(name, [](char c) { return c == ' ' || c == '_'; });
  return (test.param.how[0] == '_' ? "Quick" : "") + name;
}

void expect_one_sentence(WorkerProcess& worker, const std::string& seen_as) {
  EXPECT_EQ(worker.exit_code(5s), 2) << worker.log();
  const auto log = worker.log();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_TRUE(log.starts_with("worker: cannot ")) << log;
  EXPECT_THAT(log, HasSubstr(seen_as));
  EXPECT_THAT(log, HasSubstr(AFTERCOMMIT_FAILING_TASK_LIBRARY));
}

class WorkerFirstStart : public ::testing::TestWithParam<Death> {};

TEST_P(WorkerFirstStart, ThatDiesInTheStaticObjectsOfALibraryIsOneSentenceAndExitCode2) {
  WorkerProcess worker{command(), failing(GetParam().how)};
  expect_one_sentence(worker, GetParam().seen_as);
}

TEST_P(WorkerFirstStart, ThatDiesWhereALibraryDefinesItsTasksIsTheSame) {
  WorkerProcess worker{command({"--processes", "3"}), failing(GetParam().how, "FAILING_DEFINITIONS")};
  expect_one_sentence(worker, GetParam().seen_as);
}

INSTANTIATE_TEST_SUITE_P(OfWhatIsThrown, WorkerFirstStart, ::testing::ValuesIn(kThrown), name_of);
INSTANTIATE_TEST_SUITE_P(OfOtherDeaths, WorkerFirstStart, ::testing::ValuesIn(kOthers), name_of);

class WorkerAlone : public ::testing::TestWithParam<Death> {};

TEST_P(WorkerAlone, SaysTheSameOfWhatIsThrown) {
  WorkerProcess worker{command({"--processes", "0"}), failing(GetParam().how)};
  expect_one_sentence(worker, GetParam().seen_as);
}

INSTANTIATE_TEST_SUITE_P(OfWhatIsThrown, WorkerAlone, ::testing::ValuesIn(kThrown), name_of);

TEST(WorkerWithoutProcesses, IsOneSentenceAndExitCode2) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need threads that are refused here";
#endif
  std::vector<std::string> refusing{"/usr/bin/env"};
  if (::geteuid() == 0) {  // whom nothing is refused
    for (const auto* const word : {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"})
      refusing.emplace_back(word);
  }
  for (const auto* const word : {"prlimit", "--nproc=0"}) refusing.emplace_back(word);
  const auto worker_command = command();
  refusing.insert(refusing.end(), worker_command.begin(), worker_command.end());
  WorkerProcess worker{refusing};
  const auto exit_code = worker.exit_code(5s);
  constexpr int kCannotBeRun = 126;
  if (exit_code.value_or(0) >= kCannotBeRun) GTEST_SKIP() << worker.log();
  EXPECT_EQ(exit_code, 2);
  EXPECT_EQ(std::ranges::count(worker.log(), '\n'), 1) << worker.log();
  EXPECT_TRUE(worker.log().starts_with("worker: cannot start a process to run jobs: ")) << worker.log();
}

class WorkerThatWaits : public ::testing::TestWithParam<std::string> {};

TEST_P(WorkerThatWaits, ForItsLibrarySaysSoAndObeysASignal) {
  WorkerProcess worker{command({"--processes", GetParam()}), failing("hang")};
  EXPECT_TRUE(worker.says("the start waits for the task library"));
  EXPECT_THAT(worker.log(), HasSubstr(AFTERCOMMIT_FAILING_TASK_LIBRARY));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0) << worker.log();
}

TEST_P(WorkerThatWaits, ForItsLibraryForLongerThanTheHangTimeoutIsOneSentenceAndExitCode2) {
  WorkerProcess worker{command({"--processes", GetParam(), "--hang-timeout", "1"}), failing("hang")};
  expect_one_sentence(worker, "--hang-timeout");
}

INSTANTIATE_TEST_SUITE_P(Processes, WorkerThatWaits, ::testing::Values("0", "1", "2"));

using WorkerLaterStart = support::WorkerTest;

TEST_F(WorkerLaterStart, ThatDiesIsTriedAgainUntilItSucceeds) {
  const auto file = std::filesystem::temp_directory_path() / support::unique_name("fail-from-now-on");
  auto environment = failing("segfault if there is " + file.string());
  auto& worker =
      start_worker(Start{.library = AFTERCOMMIT_FAILING_TASK_LIBRARY, .environment = std::move(environment)});
  std::ofstream{file} << "now";
  ::kill(worker.children().at(0), SIGKILL);
  EXPECT_TRUE(eventually([&] { return worker.times_said("SIGSEGV") >= 2; })) << worker.log();
  EXPECT_TRUE(worker.runs());
  std::filesystem::remove(file);
  EXPECT_TRUE(eventually([&] { return worker.times_said("worker started") == 2; })) << worker.log();
}

}  // namespace
}  // namespace aftercommit
