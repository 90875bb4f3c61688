// A start that cannot succeed: one sentence and exit code 2, whatever it dies of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using testing::HasSubstr;
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

std::string name_of(const testing::TestParamInfo<Death>& test) {
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

class WorkerFirstStart : public testing::TestWithParam<Death> {};

TEST_P(WorkerFirstStart, ThatDiesInTheStaticObjectsOfALibraryIsOneSentenceAndExitCode2) {
  WorkerProcess worker{command(), failing(GetParam().how)};
  expect_one_sentence(worker, GetParam().seen_as);
}

TEST_P(WorkerFirstStart, ThatDiesWhereALibraryDefinesItsTasksIsTheSame) {
  if (std::string_view{"exception"} == GetParam().how || std::string_view{"task name"} == GetParam().how) {
    GTEST_SKIP() << "caught, and told by WorkerCommand.SaysWhatIsWrongWithALibrary";
  }
  WorkerProcess worker{command({"--processes", "3"}), failing(GetParam().how, "FAILING_DEFINITIONS")};
  expect_one_sentence(worker, GetParam().seen_as);
}

INSTANTIATE_TEST_SUITE_P(OfWhatIsThrown, WorkerFirstStart, testing::ValuesIn(kThrown), name_of);
INSTANTIATE_TEST_SUITE_P(OfOtherDeaths, WorkerFirstStart, testing::ValuesIn(kOthers), name_of);

class WorkerAlone : public testing::TestWithParam<Death> {};

TEST_P(WorkerAlone, SaysTheSameOfWhatIsThrown) {
  WorkerProcess worker{command({"--processes", "0"}), failing(GetParam().how)};
  expect_one_sentence(worker, GetParam().seen_as);
}

INSTANTIATE_TEST_SUITE_P(OfWhatIsThrown, WorkerAlone, testing::ValuesIn(kThrown), name_of);

class WorkerThatWaits : public testing::TestWithParam<std::string> {};

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

INSTANTIATE_TEST_SUITE_P(Processes, WorkerThatWaits, testing::Values("0", "1", "2"));

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
