// Whoever reads the log, or does not: jobs go on, a crashed process is replaced, and a signal is obeyed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <utility>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// A named pipe that a worker's standard error goes to.
class LogPipe {
 public:
  LogPipe() = default;
  ~LogPipe() {
    stop_reading();
    std::filesystem::remove(path_);
  }
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string read() const {
    std::string text;
    std::array<char, 65536> buffer{};
    for (ssize_t size = 0; (size = ::read(file_, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  void stop_reading() {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
  }

 private:
  const std::filesystem::path path_ = std::filesystem::temp_directory_path() / support::unique_name("log");
  int file_ = (::mkfifo(path_.c_str(), 0600), ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
};

class LogReader : public support::WorkerTest, public ::testing::WithParamInterface<std::string> {
 protected:
  /// Started by a shell that does this first: "2>\"$LOG\"".
  WorkerProcess& start(const std::string& redirections, std::vector<std::string> options = {}) {
    std::vector<std::string> command{"/bin/sh",          "-c",       "exec \"$0\" \"$@\" " + redirections,
                                     AFTERCOMMIT_WORKER, "--app",    AFTERCOMMIT_TEST_TASKS,
                                     "--redis",          redis_url,  "--database",
                                     database_url,       "--schema", schema.name(),
                                     "--log-level",      "debug"};
    command.insert(command.end(), options.begin(), options.end());
    return workers.emplace_back(std::move(command),
                                std::map<std::string, std::string>{{"LOG", pipe.path().string()}});
  }
  long done() { return app.database().exec("SELECT count(*) FROM effect")[0][0].as<long>(); }
  void run_jobs(long first, long last) {
    std::vector<std::tuple<long>> all;
    for (long value = first; value <= last; ++value) all.emplace_back(value);
    tasks.insert.delay_many(all);
    EXPECT_TRUE(eventually([&] { return done() == last; }, 60s));
  }
  void expect_a_dead_process_to_be_replaced(WorkerProcess& worker) {
    const auto before = worker.children();
    ASSERT_FALSE(before.empty());
    ::kill(before.front(), SIGKILL);
    EXPECT_TRUE(eventually([&] {
      const auto now = worker.children();
      return !now.empty() && now.front() != before.front();
    }));
  }
  std::vector<std::string> processes() const { return {"--processes", GetParam(), "--lease", "2"}; }
  bool is_watched() const { return GetParam() != "0"; }

  LogPipe pipe;
};

TEST_P(LogReader, ThatSleepsStopsNothingAndIsToldHowMuchItHasMissed) {
  auto& worker = start("2>\"$LOG\"", processes());
  run_jobs(1, 6000);  // more lines than are kept
  std::string text;
  EXPECT_TRUE(eventually([&] {
    text += pipe.read();
    return text.find("log lines were dropped") != std::string::npos;
  }));
  run_jobs(6001, 6100);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_THAT(pipe.read(), HasSubstr("worker stopped"));
}

TEST_P(LogReader, ThatSleepsForEverKeepsNoWorkerFromStopping) {
  auto& worker = start("2>\"$LOG\"", processes());
  run_jobs(1, 1000);
  if (is_watched()) expect_a_dead_process_to_be_replaced(worker);
  run_jobs(1001, 1100);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_P(LogReader, ThatGoesEndsNothing) {
  auto& worker = start("2>\"$LOG\"", processes());
  std::string text;
  ASSERT_TRUE(eventually([&] {
    text += pipe.read();
    return text.find("worker started") != std::string::npos;
  }));
  pipe.stop_reading();
  run_jobs(1, 100);
  if (is_watched()) expect_a_dead_process_to_be_replaced(worker);
  run_jobs(101, 200);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_P(LogReader, ThatIsAFullDiskStopsNothing) {
  auto& worker = start("2>/dev/full", processes());
  run_jobs(1, 100);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_P(LogReader, ThatIsNoneGivesNoSessionTheNumberOfAStandardFile) {
  for (const auto* const closed : {"2>&-", "0<&- 1>&- 2>&-"}) {
    auto& worker = start(closed, processes());
    const auto before = done();
    run_jobs(before + 1, before + 20);
    auto all = worker.children();
    all.push_back(worker.id());
    for (const auto process : all) {
      for (const auto* const file : {"0", "1", "2"}) {
        const auto is =
            std::filesystem::read_symlink("/proc/" + std::to_string(process) + "/fd/" + file).string();
        EXPECT_THAT(is, ::testing::Not(HasSubstr("socket"))) << file << " of a worker with " << closed;
      }
    }
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.exit_code(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Processes, LogReader, ::testing::Values("0", "1"));

}  // namespace
}  // namespace aftercommit
