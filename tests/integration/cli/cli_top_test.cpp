// `aftercommit top` in a terminal of 80x24: what it shows, what its keys do, and how it leaves the terminal.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/job_table/limits.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/periodic_table.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::HasSubstr;

constexpr const char* kEnters = "\x1b[?1049h";
constexpr const char* kLeaves = "\x1b[?1049l";

/// A program in a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(std::vector<std::string> words, std::map<std::string, std::string> environment) {
    words.insert(words.begin(), AFTERCOMMIT_CLI);
    environment.emplace("TERM", "xterm");
    environment.emplace("NO_COLOR", "1");
    environment.emplace("PATH", "/usr/bin:/bin");
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> all;
      for (auto& text : texts) all.push_back(text.data());
      all.push_back(nullptr);
      return all;
    };
    auto arguments = pointers(words), its_environment = pointers(variables);
    winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    process_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (process_ == 0) {
      ::execve(arguments[0], arguments.data(), its_environment.data());
      ::_exit(127);
    }
    ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
    ::fcntl(terminal_, F_SETFD, FD_CLOEXEC);
  }
  ~OnTerminal() {
    if (!status_) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    ::close(terminal_);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  /// Waits for text on it, since the last such text.
  bool shows(const std::string& text) {
    return eventually([&] {
      read();
      const auto at = output_.find(text, seen_);
      if (at != std::string::npos) seen_ = at + text.size();
      return at != std::string::npos;
    });
  }
  void type(std::string_view keys) const {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void send(int number) const { ::kill(process_, number); }

  /// As waitpid tells; what it has written is read meanwhile.
  int end() {
    int status = -1;
    EXPECT_TRUE(eventually([&] {
      read();
      return ::waitpid(process_, &status, WNOHANG) == process_;
    }));
    status_ = status;
    read();
    return status;
  }
  const std::string& output() const { return output_; }
  bool echoes() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    return (now.c_lflag & static_cast<tcflag_t>(ICANON | ECHO)) == static_cast<tcflag_t>(ICANON | ECHO);
  }

 private:
  void read() {
    std::array<char, 4096> bytes{};
    for (ssize_t count = 0; (count = ::read(terminal_, bytes.data(), bytes.size())) > 0;)
      output_.append(bytes.data(), static_cast<std::size_t>(count));
  }

  int terminal_ = -1;
  pid_t process_ = 0;
  std::optional<int> status_;
  std::string output_;
  std::size_t seen_ = 0;
};

class CliTop : public support::CliTest {
 protected:
  OnTerminal top() { return {{"top", "--every", "0.2"}, environment()}; }
};

TEST_F(CliTop, PausesTheMarkedQueueByAKeyAndGivesTheTerminalBack) {
  durable(1);
  auto screen = top();
  EXPECT_TRUE(screen.shows(kEnters));
  EXPECT_TRUE(screen.shows("mail  ")) << screen.output();
  EXPECT_FALSE(screen.echoes());
  screen.type("p");
  EXPECT_TRUE(screen.shows("mail (paused)")) << screen.output();
  EXPECT_EQ(run_json({"stats"}).at("queues").at(0).at("paused"), true);
  screen.type("p");
  EXPECT_TRUE(screen.shows("queue mail is resumed")) << screen.output();
  screen.type("q");
  const int status = screen.end();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(screen.output().ends_with(kLeaves)) << "nothing after it";
  EXPECT_TRUE(screen.echoes());
}

TEST_F(CliTop, RetriesADeadJobOnceThatWasSaidYesTo) {
  durable(1);
  const auto job = die().str();
  auto screen = top();
  EXPECT_TRUE(screen.shows(kEnters));
  screen.type("2");
  EXPECT_TRUE(screen.shows("no such order")) << screen.output();
  screen.type("r");
  EXPECT_TRUE(screen.shows("Retry dead job " + job + "?")) << screen.output();
  screen.type("y");
  EXPECT_TRUE(screen.shows("retried 1 job")) << screen.output();
  EXPECT_EQ(calls.counts().ready, 1);
}

TEST_F(CliTop, PausesAPeriodicTaskAndChangesALimit) {
  app.periodic("nightly report", cron("0 3 * * *"), {.call = {.queue = "mail"}}, receipt, 42L);
  support::declare_periodic(app);
  detail::declare_limits(database, std::vector<detail::DeclaredLimit>{{.name = "bank", .most = 10}});
  auto screen = top();
  EXPECT_TRUE(screen.shows(kEnters));
  screen.type("4");
  EXPECT_TRUE(screen.shows("nightly report")) << screen.output();
  screen.type("p");
  EXPECT_TRUE(screen.shows("its ticks are left out")) << screen.output();
  EXPECT_TRUE(support::periodic_row(app, "nightly report").paused);
  screen.type("5");
  EXPECT_TRUE(screen.shows("10 at once")) << screen.output();
  screen.type("-");
  EXPECT_TRUE(screen.shows("Set limit 'bank' to 9?")) << screen.output();
  screen.type("y");
  EXPECT_TRUE(screen.shows("limit 'bank' is 9")) << screen.output();
  EXPECT_EQ(detail::find_limits(database).at(0).most, 9);
}

TEST_F(CliTop, GivesTheTerminalBackWhereASignalEndsIt) {
  for (const int signal : {SIGTERM, SIGINT, SIGABRT}) {
    auto screen = top();
    EXPECT_TRUE(screen.shows("no queue holds anything")) << screen.output();
    screen.send(signal);
    const int status = screen.end();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_THAT(screen.output(), HasSubstr(kLeaves));
    EXPECT_TRUE(screen.echoes());
  }
}

TEST_F(CliTop, SaysWhichServerIsAwayAndGoesOn) {
  auto servers = environment();
  servers["REDIS_URL"] = "redis://127.0.0.1:1";
  OnTerminal screen{{"top", "--every", "0.2"}, servers};
  EXPECT_TRUE(screen.shows(kEnters));
  EXPECT_TRUE(screen.shows("Redis does not answer")) << screen.output();
  screen.type("q");
  EXPECT_EQ(WEXITSTATUS(screen.end()), 0);
}

}  // namespace
}  // namespace aftercommit
