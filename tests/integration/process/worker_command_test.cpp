// The `worker` command from outside: what it prints, and how it ends when it cannot begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/silent_server.hpp"

namespace aftercommit {
namespace {

using support::SilentServer;
using support::WorkerProcess;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// How a worker that cannot begin has ended, and how fast.
struct End {
  std::optional<int> exit_code;
  std::string output;
  std::string error;
};

End run(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), AFTERCOMMIT_WORKER);
  WorkerProcess worker{std::move(arguments), std::move(environment)};
  const auto exit_code = worker.exit_code(15s);  // a busy machine has several times what it takes
  return {exit_code, worker.output(), worker.log()};
}

/// One line on standard error, that begins with the program's name, and nothing else.
void expect_one_sentence(const End& end, int exit_code) {
  EXPECT_EQ(end.exit_code, exit_code) << end.error;
  EXPECT_EQ(end.output, "");
  EXPECT_TRUE(end.error.starts_with("worker: ")) << end.error;
  EXPECT_EQ(std::ranges::count(end.error, '\n'), 1) << end.error;
}

TEST(WorkerCommand, PrintsItsHelpAndItsVersionToStandardOutput) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.error, "");
  EXPECT_THAT(help.output, HasSubstr("--unknown-task-grace"));
  const auto version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.error, "");
  EXPECT_THAT(version.output, ::testing::MatchesRegex("aftercommit worker [0-9.]+\n"));
}

TEST(WorkerCommand, PrintsTheTasksOfItsLibraryWithoutAnyServer) {
  const auto list =
      run({"--app", AFTERCOMMIT_TEST_TASKS, "--redis", "redis://127.0.0.1:1/0", "--list-tasks"});
  EXPECT_EQ(list.exit_code, 0) << list.error;
  EXPECT_EQ(list.error, "");
  EXPECT_THAT(list.output, HasSubstr("\nfail_exponentially\n"));
  EXPECT_THAT(list.output, HasSubstr("  countdowns    10 ms, 20 ms, 30 ms; in all 60 ms\n"));
}

class WorkerCommandWrongOption : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WorkerCommandWrongOption, IsOneSentenceAndExitCode2) { expect_one_sentence(run(GetParam()), 2); }

INSTANTIATE_TEST_SUITE_P(Options, WorkerCommandWrongOption,
                         ::testing::Values(std::vector<std::string>{}, std::vector<std::string>{"--nonsense"},
                                           std::vector<std::string>{"--app"},
                                           std::vector<std::string>{"--app", "x", "--concurrency", "0"},
                                           std::vector<std::string>{"--app", "x", "--queues", "a b"},
                                           std::vector<std::string>{"--app", "x", "--log-format", "xml"},
                                           std::vector<std::string>{"--app", "/no/such/library.so"},
                                           std::vector<std::string>{"--app", "/no/such\nlibrary.so"},
                                           std::vector<std::string>{"--app", "x", "--queues", "a\nb"},
                                           std::vector<std::string>{"--app", "/etc/passwd"},
                                           std::vector<std::string>{"--app", AFTERCOMMIT_NO_TASK_LIBRARY},
                                           std::vector<std::string>{"--app", AFTERCOMMIT_OLD_TASK_LIBRARY}));

TEST(WorkerCommand, SaysWhatIsWrongWithALibrary) {
  EXPECT_THAT(run({"--app", "/no/such/library.so"}).error, HasSubstr("/no/such/library.so"));
  EXPECT_THAT(run({"--app", AFTERCOMMIT_NO_TASK_LIBRARY}).error, HasSubstr("AFTERCOMMIT_TASK_LIBRARY"));
  EXPECT_THAT(run({"--app", AFTERCOMMIT_OLD_TASK_LIBRARY}).error, HasSubstr("build it anew"));
  const auto failing = run({"--app", AFTERCOMMIT_TEST_TASKS}, {{"TEST_TASKS_THROW", "1"}});
  expect_one_sentence(failing, 2);
  EXPECT_THAT(failing.error, HasSubstr("the library cannot set itself up"));
}

TEST(WorkerCommand, RefusesALibraryThatWasLinkedWithTheReleaseBeforeAndRunsNothingOfIt) {
  const auto end = run({"--app", AFTERCOMMIT_LIBRARY_OF_0_1});
  expect_one_sentence(end, 2);
  EXPECT_THAT(end.error, HasSubstr("was built for version 0.1 of aftercommit"));
  EXPECT_THAT(end.error, HasSubstr("build it anew"));
}

TEST(WorkerCommand, RefusesALibraryThatWasBuiltWithTheHeadersOfTheReleaseBefore) {
  const auto end = run({"--app", AFTERCOMMIT_LIBRARY_WITH_OLD_HEADERS});
  expect_one_sentence(end, 2);
  EXPECT_THAT(end.error, HasSubstr("was built with the headers of another version of aftercommit"));
}

TEST(WorkerCommand, LoadsNoLibraryThatEverybodyMayWrite) {
  const auto copy = std::filesystem::temp_directory_path() / support::unique_name("tasks");
  std::filesystem::copy_file(AFTERCOMMIT_TEST_TASKS, copy);
  ::chmod(copy.c_str(), 0777);
  const auto end = run({"--app", copy});
  std::filesystem::remove(copy);
  expect_one_sentence(end, 2);
  EXPECT_THAT(end.error, HasSubstr("chmod o-w"));
}

class WorkerCommandUnreachable : public ::testing::TestWithParam<std::string> {};

/// A worker of tasks would run them from their table.
TEST_P(WorkerCommandUnreachable, RedisOfARelayIsOneSentenceAndExitCode3WithoutThePassword) {
  const SilentServer silent;
  auto url = "redis://user:canary@" + GetParam();
  if (GetParam() == "silent") url = "redis://user:canary@" + silent.at();
  const auto end = run({"--relay-only", "--redis", url, "--database", support::database_url()});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, ::testing::Not(HasSubstr("canary")));
}

TEST_P(WorkerCommandUnreachable, DatabaseIsOneSentenceAndExitCode3WithoutThePassword) {
  const SilentServer silent;
  auto url = "postgresql://user:canary@" + GetParam();
  if (GetParam() == "silent") url = "postgresql://user:canary@" + silent.at() + "/x";
  const auto end =
      run({"--app", AFTERCOMMIT_TEST_TASKS, "--redis", support::fresh_redis_url(), "--database", url});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, ::testing::Not(HasSubstr("canary")));
  EXPECT_THAT(end.error, HasSubstr("database 'default'"));
}

INSTANTIATE_TEST_SUITE_P(Servers, WorkerCommandUnreachable,
                         ::testing::Values("127.0.0.1:1", "silent", "no.such.host.invalid",
                                           "127.0.0.1:99999999"));

class WorkerCommandMistyped : public ::testing::TestWithParam<std::string> {};

TEST_P(WorkerCommandMistyped, DatabaseUrlIsRefusedWithoutItsPassword) {
  const auto end =
      run({"--app", AFTERCOMMIT_TEST_TASKS, "--redis", support::fresh_redis_url(), "--database", GetParam()});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, ::testing::Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(Urls, WorkerCommandMistyped,
                         ::testing::Values("mysql://user:canary@localhost/x",
                                           "postgresql://user:canary%zz@localhost/x",
                                           "postgresql://user:canary/1@localhost/x",
                                           "postgresql://user:1@canary@localhost/x",
                                           "host=localhost password=1 canary"));

TEST(WorkerCommand, RefusesARedisUrlThatIsNoneWithoutItsPassword) {
  const auto end = run({"--app", AFTERCOMMIT_TEST_TASKS, "--redis", "http://user:canary@here", "--database",
                        support::database_url()});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, ::testing::Not(HasSubstr("canary")));
}

TEST(WorkerCommand, NeedsADatabaseForTasksInTransactions) {
  const auto end = run({"--app", AFTERCOMMIT_TEST_TASKS, "--redis", support::fresh_redis_url()});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, HasSubstr("DATABASE_URL"));
}

using WorkerCommandRuns = support::WorkerTest;

TEST_F(WorkerCommandRuns, WithEverythingFromTheEnvironment) {
  auto& worker =
      workers.emplace_back(std::vector<std::string>{AFTERCOMMIT_WORKER},
                           std::map<std::string, std::string>{{"AFTERCOMMIT_APP", AFTERCOMMIT_TEST_TASKS},
                                                              {"REDIS_URL", redis_url},
                                                              {"DATABASE_URL", database_url},
                                                              {"AFTERCOMMIT_SCHEMA", schema.name()},
                                                              {"AFTERCOMMIT_QUEUES", "mail:2,default:1"},
                                                              {"AFTERCOMMIT_LOG_FORMAT", "json"}});
  tasks.insert.apply_async({.queue = "mail"}, 1);
  EXPECT_TRUE(eventually_effects({1})) << worker.log();
  EXPECT_EQ(worker.event("worker started").at("queues"), "mail:2,default:1");
}

TEST_F(WorkerCommandRuns, WithADatabaseFromTheCommandBesideThoseOfTheEnvironment) {
  auto& worker = workers.emplace_back(
      std::vector<std::string>{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS, "--database",
                               "reports=" + support::database_url()},
      std::map<std::string, std::string>{
          {"REDIS_URL", redis_url}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1})) << "on the default database, not on the only one the command names\n"
                                       << worker.log();
}

TEST_F(WorkerCommandRuns, AsAProgramThatLinksTheWorkerAndHasTwoDatabases) {
  auto& worker =
      workers.emplace_back(std::vector<std::string>{AFTERCOMMIT_LINKED_WORKER, "--redis", redis_url},
                           std::map<std::string, std::string>{{"DATABASE_URL", database_url},
                                                              {"AFTERCOMMIT_SCHEMA", schema.name()},
                                                              {"DATABASE_URL_REPORTS", database_url}});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1})) << worker.log();

  App two{"linked",
          {.redis_url = redis_url,
           .databases = {{"default", {.url = database_url, .schema = schema.name()}},
                         {"reports", {.url = database_url, .schema = schema.name()}}}}};
  support::declare_report(two).delay(2);
  EXPECT_TRUE(eventually_effects({1, 2})) << worker.log();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_F(WorkerCommandRuns, NotWithoutADatabaseThatATaskIsDeclaredFor) {
  WorkerProcess worker{{AFTERCOMMIT_LINKED_WORKER, "--redis", redis_url}, {{"DATABASE_URL", database_url}}};
  EXPECT_EQ(worker.exit_code(5s), 3);
  EXPECT_THAT(worker.log(), HasSubstr("DATABASE_URL_REPORTS"));
}

TEST_F(WorkerCommandRuns, NotWhenItCannotHaveItsThreadsAndSaysSoInOneSentence) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need the address space that is taken away here";
#endif
  // So little address space that a thousand stacks do not fit.
  for (const auto* const processes : {"0", "1"}) {
    WorkerProcess worker{{"/bin/sh", "-c", "ulimit -v 1000000; exec \"$0\" \"$@\"", AFTERCOMMIT_WORKER,
                          "--app", AFTERCOMMIT_TEST_TASKS, "--redis", redis_url, "--database", database_url,
                          "--concurrency", "1000", "--processes", processes}};
    const auto exit_code = worker.exit_code(15s);  // a busy machine has several times what it takes
    expect_one_sentence({exit_code, worker.output(), worker.log()}, 2);
    EXPECT_THAT(worker.log(), HasSubstr("cannot start: no thread is to be had: "));
  }
}

}  // namespace
}  // namespace aftercommit
