// No process of ours shows a password: not in what it writes, nor in how `ps` shows it, whatever its URLs
// are.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/types.h>

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/mangled_urls.hpp"

namespace aftercommit {
namespace {

using support::kCanary;
using support::shown_of_canary;
using support::WorkerProcess;
using namespace std::chrono_literals;

class SecretsInProcesses : public support::WorkerTest {
 protected:
  /// The test's own database, by a URL with a password, which its server does not ask for.
  std::string with_password() const {
    const auto at = database_url.find('@');
    return database_url.substr(0, at) + ":" + std::string{kCanary} + database_url.substr(at);
  }
};

std::string command_line_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/cmdline"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

pid_t parent_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/status"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("PPid:")) return static_cast<pid_t>(std::stol(line.substr(5)));
  }
  return 0;
}

TEST_F(SecretsInProcesses, TheListOfProcessesShowsNone) {
  for (const bool joined : {false, true}) {
    const auto url = with_password();
    auto& worker = start_worker(joined ? std::vector<std::string>{"--database=" + url}
                                       : std::vector<std::string>{"--database", url});
    tasks.insert.delay(joined ? 1 : 0);
    ASSERT_FALSE(worker.children().empty());
    for (const auto child : worker.children()) {
      for (const auto process : {child, parent_of(child)}) {
        const auto line = command_line_of(process);
        EXPECT_NE(line.find("--schema"), std::string::npos) << line;
        EXPECT_NE(line.find("***"), std::string::npos) << line;
        EXPECT_EQ(shown_of_canary(line), "") << line;
      }
    }
    EXPECT_EQ(shown_of_canary(worker.log()), "");
  }
  EXPECT_TRUE(eventually_effects({0, 1})) << "the worker itself has read them";
}

bool is_here(const std::string& host) {
  return host.empty() || host.starts_with('/') || host == "localhost" || host == "127.0.0.1" || host == "::1";
}

/// Whether nobody is asked for a name, and nothing is sent to another machine.
bool stays_here(const std::string& url) {
  try {
    if (!is_here(parse_redis_url(url).host)) return false;
  } catch (const ConfigError&) {
    // It is no URL of Redis.
  }
  bool here = true;
  auto* const options = ::PQconninfoParse(url.c_str(), nullptr);
  for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val == nullptr || !std::string_view{option->keyword}.starts_with("host")) continue;
    std::istringstream hosts{option->val};
    for (std::string host; std::getline(hosts, host, ',');) here = here && is_here(host);
  }
  ::PQconninfoFree(options);
  return here;
}

std::string next_that_stays_here(support::MangledUrls& urls) {
  while (true) {
    if (auto url = urls.next(); stays_here(url)) return url;
  }
}

/// What was started has ended by itself, and said nothing of the password.
void expect_silence(WorkerProcess& process, const std::vector<std::string>& command) {
  const auto exit_code = process.exit_code(20s);
  const auto said = process.output() + process.log();
  EXPECT_TRUE(exit_code) << said;
  EXPECT_NE(exit_code, 0) << said;
  EXPECT_FALSE(said.empty());
  EXPECT_EQ(shown_of_canary(said), "") << said << "\nby " << ::testing::PrintToString(command);
}

TEST(MangledUrl, IsToldByNoProcessWithItsPassword) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  support::MangledUrls databases{support::right_postgres_urls(), seed};
  support::MangledUrls brokers{support::right_redis_urls(), seed};
  for (int i = 0; i < 12; ++i) {
    const auto database = next_that_stays_here(databases);
    const auto broker = next_that_stays_here(brokers);
    const auto& stray = i % 2 == 0 ? database : broker;
    const std::vector<std::vector<std::string>> commands{
        {AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS, "--redis", broker, "--database", database,
         "--processes", "0"},
        {AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS, "--concurrency", stray},
        {AFTERCOMMIT_WORKER, "--queues", stray, "--app", stray},
        {AFTERCOMMIT_CLI, "stats", "--redis", broker, "--database", database},
        {AFTERCOMMIT_CLI, "migrate", "--database=" + database},
        {AFTERCOMMIT_CLI, "dead", "show", stray}};
    for (const auto& command : commands) {
      WorkerProcess process{command};
      expect_silence(process, command);
    }
    // As the environment hands them on, to a worker with a supervisor.
    const std::vector<std::string> command{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS};
    WorkerProcess process{command, {{"DATABASE_URL", database}, {"REDIS_URL", broker}}};
    expect_silence(process, command);
  }
}

}  // namespace
}  // namespace aftercommit
