/// The thread that pushes durable jobs as part of its process: when it begins, what a fork and an exit make
/// of it, and which signals it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/sending/durable_push.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/durable_jobs.hpp"
#include "support/fixtures/redis_calls.hpp"
#include "support/servers/mute_redis.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace support;
using detail::DurablePush;
detail::SendCounts sends_of_process;  // nobody looks at them
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

void push(DurablePush& pusher, const std::string& payload) { pusher.push({committed_job(payload)}); }

std::set<std::string> threads() {
  std::set<std::string> all;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"})
    all.insert(task.path().filename());
  return all;
}

class DurablePushProcess : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "it has threads of its own, and forbids new ones in a child of a process with several";
#endif
  }

  std::vector<std::string> eventually_arrived(std::size_t count) {
    std::vector<std::string> arrived;
    EXPECT_TRUE(eventually([&] {
      for (auto& payload : payloads(receiver.fetch(100))) arrived.push_back(std::move(payload));
      return arrived.size() >= count;
    }));
    return arrived;
  }
  long connections_received() {
    const auto stats = redis.text_of("INFO", "stats");
    const std::string field = "total_connections_received:";
    return std::stol(stats.substr(stats.find(field) + field.size()));
  }

  PrivateRedis server;
  std::unique_ptr<DurablePush> pusher =
      std::make_unique<DurablePush>(server.tcp_url(), kTimeout, sends_of_process);
  Calls receiver{server.url()};
  Onlooker redis{server.url()};
};

TEST_F(DurablePushProcess, HasAThreadAndAConnectionFromTheFirstJobOn) {
  receiver.fetch(1);
  const auto threads_before = threads();
  const auto before = connections_received();
  auto unused = std::make_unique<DurablePush>(server.tcp_url(), kTimeout, sends_of_process);
  EXPECT_EQ(threads(), threads_before);
  for (int i = 0; i < 10; ++i) {
    push(*pusher, "a");
    eventually_arrived(1);
  }
  EXPECT_EQ(threads().size(), threads_before.size() + 1);
  EXPECT_EQ(connections_received(), before + 1);
  pusher.reset();
  EXPECT_TRUE(eventually([&] { return threads() == threads_before; })) << "the kernel takes a moment";
}

TEST_F(DurablePushProcess, TakesNoSignalOfTheApplicationAndLeavesTheCallersMaskAlone) {
  const auto before = threads();
  push(*pusher, "a");
  eventually_arrived(1);
  auto after = threads();
  for (const auto& thread : before) after.erase(thread);
  ASSERT_EQ(after.size(), 1U);
  std::ifstream status{"/proc/self/task/" + *after.begin() + "/status"};
  std::string line;
  while (line.rfind("SigBlk:", 0) != 0) ASSERT_TRUE(std::getline(status, line));
  const auto blocked = std::stoull(line.substr(line.find('\t')), nullptr, 16);
  const auto is_blocked = [&](int signal) { return (blocked >> (signal - 1) & 1U) != 0; };
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM, SIGPIPE, SIGRTMIN})
    EXPECT_TRUE(is_blocked(signal)) << signal;
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) EXPECT_FALSE(is_blocked(fault)) << fault;

  sigset_t own;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(::sigismember(&own, SIGTERM), 0);
}

int exit_status(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

/// Runs `body` in a child of fork(), of which it returns the exit code; the child's status.
template <class Body>
int in_a_child(Body&& body) {
  const auto child = ::fork();
  if (child == 0) ::_exit(body());
  return exit_status(child);
}

TEST_F(DurablePushProcess, ThatIsAForkedChildHasItsOwnThreadAndConnection) {
  push(*pusher, "parent");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("parent"));
  const auto before = connections_received();
  EXPECT_EQ(in_a_child([&] {
              push(*pusher, "child");
              push(*pusher, "child again");
              pusher.reset();
              return 0;
            }),
            0);
  EXPECT_THAT(eventually_arrived(2), ElementsAre("child", "child again"));
  EXPECT_EQ(connections_received(), before + 1) << "the child's own";
  push(*pusher, "parent again");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("parent again"));
  EXPECT_EQ(connections_received(), before + 1) << "the parent's serves on";
}

TEST_F(DurablePushProcess, ThatIsTheChildOfAChildHasItsOwnToo) {
  push(*pusher, "parent");
  EXPECT_EQ(in_a_child([&] {
              push(*pusher, "child");
              const auto status = in_a_child([&] {
                push(*pusher, "grandchild");
                pusher.reset();
                return 0;
              });
              pusher.reset();
              return status;
            }),
            0);
  EXPECT_THAT(eventually_arrived(3), UnorderedElementsAre("parent", "child", "grandchild"));
}

TEST_F(DurablePushProcess, ThatIsAForkedChildLeavesTheParentsThreadAlone) {
  push(*pusher, "a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  EXPECT_EQ(in_a_child([&] {
              pusher.reset();  // has no thread to wait for
              return 0;
            }),
            0);
  push(*pusher, "b");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("b"));
}

TEST_F(DurablePushProcess, MayForkWhileItsThreadIsInACall) {
  MuteRedis mute;
  pusher = std::make_unique<DurablePush>(mute.url(), 1min, sends_of_process);
  push(*pusher, "of-the-parent");
  const auto of_parent = mute.accept();
  MuteRedis::hear(of_parent, "of-the-parent");
  push(*pusher, "waiting");

  const auto child = ::fork();
  if (child == 0) {
    push(*pusher, "of-the-child");
    pusher.reset();
    ::_exit(0);
  }
  const auto of_child = mute.accept();
  EXPECT_THAT(MuteRedis::hear(of_child, "of-the-child"), Not(HasSubstr("waiting")));
  MuteRedis::answer(of_child);
  EXPECT_EQ(exit_status(child), 0);

  MuteRedis::answer(of_parent);
  MuteRedis::hear(of_parent, "waiting");
  MuteRedis::answer(of_parent);
  pusher.reset();
}

TEST_F(DurablePushProcess, SendsWhatWaitsWhenItExits) {
  const auto child = ::fork();
  if (child == 0) {
    static DurablePush of_the_program{server.tcp_url(), kTimeout, sends_of_process};
    for (int i = 0; i < 100; ++i) push(of_the_program, "a");
    std::exit(0);  // NOLINT(concurrency-mt-unsafe)
  }
  EXPECT_EQ(exit_status(child), 0);
  EXPECT_EQ(receiver.counts().ready, 100);
}

}  // namespace
}  // namespace aftercommit
