/// What hiredis does that a reader would not expect: why RedisSocket and RedisPipeline exist beside it.  A
/// test that fails here after an upgrade says that a workaround may go.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include "support/eventually.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

class Hiredis : public ::testing::Test {
 protected:
  Context connect() { return {::redisConnectUnix(server.socket_path().c_str()), &::redisFree}; }

  template <class... Arguments>
  static Reply command(const Context& context, const char* format, Arguments... arguments) {
    return {static_cast<redisReply*>(::redisCommand(context.get(), format, arguments...)),
            &::freeReplyObject};
  }

  support::PrivateRedis server;
};

using HiredisDeathTest = Hiredis;

TEST_F(HiredisDeathTest, RaisesSigpipeOnAConnectionThatTheServerHasClosed) {
  const auto context = connect();
  server.kill();
  EXPECT_EXIT(
      {
        std::signal(SIGPIPE, SIG_DFL);
        command(context, "PING");
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGPIPE), "");
}

TEST_F(Hiredis, GivesTheLateReplyOfATimedOutCommandToTheNextCommand) {
  const auto context = connect();
  ::redisSetTimeout(context.get(), {.tv_sec = 0, .tv_usec = 50'000});
  server.stop();
  EXPECT_EQ(command(context, "ECHO %s", "first"), nullptr);
  server.resume();

  context->err = 0;  // what some advise
  const auto reply = command(context, "ECHO %s", "second");
  ASSERT_NE(reply, nullptr);
  EXPECT_STREQ(reply->str, "first");
}

TEST_F(Hiredis, StopsAtTheFirstZeroByteOfAnArgument) {
  const auto context = connect();
  const auto reply = command(context, "ECHO %s", std::string("a\0b", 3).c_str());
  EXPECT_EQ(std::string(reply->str, reply->len), "a");
}

TEST_F(Hiredis, LeavesItsSocketOpenForTheProgramsItsHostStarts) {
  const auto context = connect();
  EXPECT_EQ(::fcntl(context->fd, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Hiredis, CountsItsTimeoutAnewForEachRead) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Context context{::redisConnectFd(ends[0]), &::redisFree};
  constexpr std::chrono::milliseconds kTimeout{200};
  ::redisSetTimeout(context.get(), {.tv_sec = 0, .tv_usec = 200'000});

  const auto begin = std::chrono::steady_clock::now();
  std::jthread drip{[&] {  // a byte every half of the timeout
    for (const char byte : std::string{"+PONG\r\n"}) {
      support::eventually([] { return false; }, kTimeout / 2);
      ::send(ends[1], &byte, 1, MSG_NOSIGNAL);
    }
  }};
  const auto reply = command(context, "PING");
  EXPECT_NE(reply, nullptr);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 2 * kTimeout);
  drip.join();
  ::close(ends[1]);
}

TEST_F(Hiredis, ForgetsTheDatabaseWhenItReconnects) {
  const auto context = connect();
  command(context, "SELECT 1");
  command(context, "SET key value");
  ASSERT_EQ(::redisReconnect(context.get()), REDIS_OK);
  EXPECT_EQ(command(context, "GET key")->type, REDIS_REPLY_NIL);
}

}  // namespace
}  // namespace aftercommit
