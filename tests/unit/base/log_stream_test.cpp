/// Log lines go where they can, and wait for nobody.
#include "base/log/log_stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

/// Two ends, of which `out` is given to a stream.
struct Ends {
  int in = -1;
  int out = -1;

  ~Ends() {
    ::close(in);
    ::close(out);
  }
  void close_reader() { ::close(std::exchange(in, -1)); }
  /// What is there to be read now.
  std::string read_all() const {
    std::string text;
    std::array<char, 65536> buffer{};
    ::fcntl(in, F_SETFL, O_NONBLOCK);
    for (ssize_t size = 0; (size = ::read(in, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
};

struct Pipe : Ends {
  Pipe() {
    int files[2];
    if (::pipe2(files, O_CLOEXEC) == 0) std::tie(in, out) = std::pair{files[0], files[1]};
  }
};

struct SocketPair : Ends {
  SocketPair() {
    int files[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, files) == 0)
      std::tie(in, out) = std::pair{files[0], files[1]};
  }
};

struct Terminal : Ends {
  Terminal() {
    if (::openpty(&in, &out, nullptr, nullptr, nullptr) != 0) return;
    ::termios settings{};
    ::tcgetattr(out, &settings);
    ::cfmakeraw(&settings);
    ::tcsetattr(out, TCSANOW, &settings);
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line(std::size_t number) {
  return "line " + std::to_string(number) + " " + std::string(200, '.') + "\n";
}

/// Each of these before lines are numbered from 0 without a gap; then the number that were dropped is told.
std::size_t numbered(const std::vector<std::string>& lines) {
  std::size_t number = 0;
  while (number < lines.size() && lines[number] + "\n" == line(number)) ++number;
  return number;
}

/// The same, written to by a stream that keeps it open.
template <class Kind>
struct Kept : Kind {};

template <class Kind>
struct Writing {
  Writing() {
    if constexpr (!std::is_same_v<Kind, Pipe> && !std::is_same_v<Kind, SocketPair> &&
                  !std::is_same_v<Kind, Terminal>) {
      stream.keep_open();
    }
  }

  Kind ends;
  LogStream stream{ends.out};
};

/// As in any program: a signal that a write raises would end the test.
class LogStreamTest : public ::testing::Test {
 protected:
  LogStreamTest() {
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGTTOU}) ::signal(signal, SIG_DFL);
  }
  ~LogStreamTest() override { EXPECT_FALSE(has_pending_signals()) << "left to the program"; }

  static bool has_pending_signals() {
    ::sigset_t pending{};
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGPIPE) != 0 || ::sigismember(&pending, SIGXFSZ) != 0;
  }
};

template <class Kind>
class LogStreamTo : public LogStreamTest {};
using Kinds = ::testing::Types<Pipe, SocketPair, Terminal, Kept<Pipe>, Kept<Terminal>>;
TYPED_TEST_SUITE(LogStreamTo, Kinds);

TYPED_TEST(LogStreamTo, AFullReaderLosesNothingThatFitsAndWaitsForNobody) {
  Writing<TypeParam> writing;
  auto& [ends, stream] = writing;
  constexpr std::size_t kLines = 3000;  // more than there is room for on the way
  for (std::size_t i = 0; i < kLines; ++i) stream.write(line(i));
  EXPECT_TRUE(stream.is_behind());
  std::string text;
  ASSERT_TRUE(eventually([&] {
    text += ends.read_all();
    return !stream.is_behind();
  }));
  text += ends.read_all();
  EXPECT_EQ(numbered(lines_of(text)), kLines);
}

TYPED_TEST(LogStreamTo, AReaderThatSleepsDropsLinesAndTellsTheirNumberInTheirPlace) {
  Writing<TypeParam> writing;
  auto& [ends, stream] = writing;
  stream.set_notice([](std::size_t dropped) { return "dropped " + std::to_string(dropped) + "\n"; });
  constexpr std::size_t kLines = 12'000;
  for (std::size_t i = 0; i < kLines; ++i) stream.write(line(i));
  std::string text;
  ASSERT_TRUE(eventually([&] {
    text += ends.read_all();
    return !stream.is_behind();
  }));
  stream.write("after it\n");
  text += ends.read_all();
  const auto lines = lines_of(text);
  const auto written = numbered(lines);
  EXPECT_GT(written, 3000u);
  ASSERT_EQ(lines.size(), written + 2);
  EXPECT_EQ(lines[written], "dropped " + std::to_string(kLines - written));
  EXPECT_EQ(lines.back(), "after it");
}

TYPED_TEST(LogStreamTo, AReaderThatHasGoneIsNoEnd) {
  Writing<TypeParam> writing;
  auto& [ends, stream] = writing;
  stream.write("read\n");
  EXPECT_EQ(ends.read_all(), "read\n");
  ends.close_reader();
  for (std::size_t i = 0; i < 1000; ++i) stream.write(line(i));
  stream.flush(10s);  // there is nobody to wait for
}

TYPED_TEST(LogStreamTo, ItLeavesTheDescriptionOfOthersAsItWas) {
  Writing<TypeParam> writing;
  auto& [ends, stream] = writing;
  const auto before = ::fcntl(ends.out, F_GETFL);
  stream.write("line\n");
  EXPECT_EQ(::fcntl(ends.out, F_GETFL), before);
}

TEST_F(LogStreamTest, GoesOnWithTheNextReaderOfANamedPipe) {
  const auto path = std::filesystem::temp_directory_path() / ("fifo_" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  Ends ends;
  ends.in = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ends.out = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  LogStream stream{ends.out};
  stream.write("first\n");
  EXPECT_EQ(ends.read_all(), "first\n");
  ends.close_reader();
  stream.write("unread\n");
  stream.write("unread\n");
  ends.in = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::filesystem::remove(path);
  ASSERT_TRUE(eventually([&] { return !stream.is_behind(); }));
  EXPECT_EQ(ends.read_all(), "2 log lines were dropped\n");
}

TEST_F(LogStreamTest, CountsWhatADiskHasNoRoomForAndTellsItWhenThereIs) {
  const auto path = std::filesystem::temp_directory_path() / ("log_" + std::to_string(::getpid()));
  const int file = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  LogStream stream{file};
  for (std::size_t i = 0; i < 10; ++i) stream.write(line(i));
  const int other = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(other, file);
  ::close(other);
  ASSERT_TRUE(eventually([&] { return !stream.is_behind(); }));
  stream.write("there is room\n");
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  EXPECT_EQ(text.str(), "10 log lines were dropped\nthere is room\n");
  ::close(file);
  std::filesystem::remove(path);
}

TEST_F(LogStreamTest, WritesNothingIntoWhatHasGotTheNumberOfAFileThatWasClosed) {
  Pipe pipe;
  LogStream stream{pipe.out};
  stream.keep_open();
  stream.write("before\n");
  // As a task does that closes all files but the first three: another connection then gets the number.
  SocketPair connection;
  for (int file = connection.out + 1; file < connection.out + 10; ++file) ::dup2(connection.out, file);
  int own = -1;
  for (int file = 3; file < 200; ++file) {
    struct ::stat is {};
    struct ::stat wanted {};
    ::fstat(pipe.out, &wanted);
    if (file != pipe.in && file != pipe.out && ::fstat(file, &is) == 0 && is.st_ino == wanted.st_ino)
      own = file;
  }
  ASSERT_GE(own, 0) << "it has no description of its own";
  ::dup2(connection.out, own);
  stream.write("after\n");
  EXPECT_EQ(connection.read_all(), "");
  EXPECT_EQ(pipe.read_all(), "before\nafter\n");
  for (int file = connection.out + 1; file < connection.out + 10; ++file) ::close(file);
}

TEST_F(LogStreamTest, WritesNothingIntoAConnectionThatHasGotItsOwnNumber) {
  Pipe pipe;
  LogStream stream{pipe.out};
  SocketPair connection;
  ::dup2(connection.out, pipe.out);
  stream.write("a line\n");
  EXPECT_EQ(connection.read_all(), "");
}

TEST_F(LogStreamTest, HoldsNoPipeOpenThatTheProgramHasClosed) {
  Pipe pipe;
  LogStream stream{pipe.out};
  stream.write("a line\n");
  EXPECT_EQ(pipe.read_all(), "a line\n");
  ::close(std::exchange(pipe.out, -1));
  char byte = 0;
  EXPECT_EQ(::read(pipe.in, &byte, 1), 0) << "whoever reads it sees its end";
}

TEST_F(LogStreamTest, CountsWhatGoesBeyondTheLimitOfAFile) {
  const auto path = std::filesystem::temp_directory_path() / ("limit_" + std::to_string(::getpid()));
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  LogStream stream{file};
  ::rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto limit = before;
  limit.rlim_cur = line(0).size();
  ::setrlimit(RLIMIT_FSIZE, &limit);
  for (std::size_t i = 0; i < 3; ++i) stream.write(line(i));
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(eventually([&] { return !stream.is_behind(); }));
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  EXPECT_EQ(text.str(), line(0) + "2 log lines were dropped\n");
  ::close(file);
  std::filesystem::remove(path);
}

TEST_F(LogStreamTest, LeavesAPendingSignalOfTheProgramsOwnToIt) {
  ::sigset_t set{};
  ::sigset_t before{};
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  ::raise(SIGPIPE);
  Pipe pipe;
  LogStream stream{pipe.out};
  stream.keep_open();
  stream.write("read\n");
  pipe.close_reader();
  stream.write("unread\n");
  EXPECT_TRUE(has_pending_signals());
  constexpr timespec kNow{};
  EXPECT_EQ(::sigtimedwait(&set, nullptr, &kNow), SIGPIPE);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// As after `su` or `sudo -u`: it is another user's, and may not be opened again.
template <class Kind>
class LogStreamToAnotherUsers : public LogStreamTest {};
using KindsOfAnotherUser = ::testing::Types<Pipe, Terminal>;
TYPED_TEST_SUITE(LogStreamToAnotherUsers, KindsOfAnotherUser);

TYPED_TEST(LogStreamToAnotherUsers, AReaderThatSleepsIsNotWaitedForEither) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  TypeParam ends;
  if constexpr (std::is_same_v<TypeParam, Terminal>) {
    ::termios settings{};  // where a line's end takes more room than it has characters
    ::tcgetattr(ends.out, &settings);
    settings.c_oflag |= OPOST | ONLCR;
    ::tcsetattr(ends.out, TCSANOW, &settings);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65'534;
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    LogStream stream{ends.out};
    for (std::size_t i = 0; i < 3000; ++i) stream.write(line(i));
    ::_exit(stream.is_behind() ? 0 : 1);
  }
  int status = 0;
  const bool ended = eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  if (!ended) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  ASSERT_TRUE(ended) << "it waits for its reader";
  EXPECT_EQ(status, 0);
  const auto text = ends.read_all();
  EXPECT_THAT(text, StartsWith("line 0 ..."));
  EXPECT_THAT(text, HasSubstr("line 10 "));
}

TEST_F(LogStreamTest, LeavesToTheParentWhatItHadKeptAtAFork) {
  Pipe pipe;
  LogStream stream{pipe.out};
  constexpr std::size_t kLines = 1000;
  for (std::size_t i = 0; i < kLines; ++i) stream.write(line(i));
  stream.before_fork();
  const pid_t child = ::fork();
  if (child == 0) {
    stream.after_fork_in_child();
    ::_exit(stream.is_behind() ? 1 : 0);
  }
  stream.after_fork_in_parent();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::string text;
  ASSERT_TRUE(eventually([&] {
    text += pipe.read_all();
    return !stream.is_behind();
  }));
  EXPECT_EQ(numbered(lines_of(text + pipe.read_all())), kLines);
}

TEST_F(LogStreamTest, KeepsLinesWholeThatComeFromManyThreads) {
  Pipe pipe;
  LogStream stream{pipe.out};
  constexpr int kThreads = 4;
  constexpr std::size_t kLines = 500;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t number = 0; number < kLines; ++number) stream.write(line(number));
    });
  }
  std::string text;
  ASSERT_TRUE(eventually([&] {
    text += pipe.read_all();
    return !stream.is_behind() && lines_of(text).size() == kThreads * kLines;
  }));
  for (const auto& each : lines_of(text))
    EXPECT_THAT(each, ::testing::AllOf(StartsWith("line "), EndsWith("...")));
}

}  // namespace
}  // namespace aftercommit
