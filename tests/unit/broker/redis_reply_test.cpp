/// What the error replies of Redis mean to a caller: may the same succeed later, on the same connection, and
/// may something else succeed now?
#include "broker/redis/wire/redis_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_redirect.hpp"

namespace aftercommit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Reply error_reply(std::string_view line) {
  const std::unique_ptr<redisReader, decltype(&::redisReaderFree)> reader{::redisReaderCreate(),
                                                                          &::redisReaderFree};
  const auto bytes = "-" + std::string{line} + "\r\n";
  ::redisReaderFeed(reader.get(), bytes.data(), bytes.size());
  void* reply = nullptr;
  ::redisReaderGetReply(reader.get(), &reply);
  return Reply{static_cast<redisReply*>(reply)};
}

struct Meaning {
  const char* reply;
  bool passes;
  bool reconnects;
  bool general;

  friend void PrintTo(const Meaning& meaning, std::ostream* out) { *out << meaning.reply; }
};

class RedisErrorReply : public ::testing::TestWithParam<Meaning> {};

TEST_P(RedisErrorReply, IsUnderstood) {
  const auto& [reply, passes, reconnects, general] = GetParam();
  const auto refusal = understand(*error_reply(reply), "XADD on ac:{mail}:stream", "cache:6379");
  EXPECT_EQ(refusal.passes, passes);
  EXPECT_EQ(refusal.reconnects, reconnects);
  EXPECT_EQ(refusal.general, general);
  EXPECT_THAT(refusal.sentence,
              AllOf(HasSubstr("cache:6379"), HasSubstr("XADD on ac:{mail}:stream"), HasSubstr(reply)));
  if (passes) {
    EXPECT_THROW(refusal.raise(), BrokerUnavailable);
  } else {
    EXPECT_THROW(refusal.raise(), BrokerRefused);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, RedisErrorReply,
    ::testing::Values(
        Meaning{"LOADING Redis is loading the dataset in memory", true, false, true},
        Meaning{"BUSY Redis is busy running a script.", true, false, true},
        Meaning{"TRYAGAIN Multiple keys request during rehashing of slot", true, false, true},
        Meaning{"CLUSTERDOWN The cluster is down", true, true, true},
        Meaning{"ERR Script attempted to access a non local key in a cluster node", true, false, true},
        Meaning{"ERR Script attempted to execute a command while the cluster is down", true, true, true},
        Meaning{"MOVED 3999 10.0.0.7:6381", false, false, true},
        Meaning{"ASK 3999 10.0.0.7:6381", false, false, true},
        Meaning{"CROSSSLOT Keys in request don't hash to the same slot", false, false, true},
        Meaning{"UNBLOCKED client unblocked via CLIENT UNBLOCK", true, false, true},
        Meaning{"READONLY You can't write against a read only replica.", true, true, true},
        Meaning{"MASTERDOWN Link with MASTER is down", true, true, true},
        Meaning{"ERR max number of clients reached", true, true, true},
        Meaning{"OOM command not allowed when used memory > 'maxmemory'.", false, false, false},
        Meaning{"MISCONF Redis is configured to save RDB snapshots", false, false, true},
        Meaning{"NOREPLICAS Not enough good replicas to write.", false, false, true},
        Meaning{"NOAUTH Authentication required.", false, false, true},
        Meaning{"NOPERM this user has no permissions to run the 'xadd' command", false, false, false},
        Meaning{"WRONGTYPE Operation against a key holding the wrong kind of value", false, false, false},
        Meaning{"ERR something new", false, false, false}));

TEST(RedisRedirect, NamesTheNodeThatHasTheKeysOrNoneWhereTheyAreOnTheirWay) {
  using Kind = RedisRedirect::Kind;
  const auto redirect = [](const char* reply) { return redirect_of(*error_reply(reply), "10.0.0.1"); };
  const auto moved = redirect("MOVED 3999 10.0.0.7:6381");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->kind, Kind::kMoved);
  EXPECT_EQ(moved->to.server(), "10.0.0.7:6381");
  EXPECT_EQ(redirect("MOVED 3999 redis.internal:6381")->to.host, "redis.internal");
  EXPECT_EQ(redirect("MOVED 3999 fe80::1:6381")->to.server(), "[fe80::1]:6381");
  const auto ask = redirect("ASK 3999 10.0.0.7:6381");
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->kind, Kind::kAsk);
  for (const auto* nameless : {"MOVED 3999 :6381", "ASK 3999 ?:6381"})
    EXPECT_EQ(redirect(nameless)->to.server(), "10.0.0.1:6381") << "a node that does not know its own host";
  EXPECT_EQ(redirect("TRYAGAIN Multiple keys request during rehashing of slot")->kind, Kind::kAgain);
  for (const auto* other :
       {"ERR MOVED 1 a:1", "MOVED", "MOVED 3999 host", "MOVED 3999 host:0", "CLUSTERDOWN down"})
    EXPECT_FALSE(redirect(other)) << other;
}

TEST(RedisErrorCode, IsTheFirstWord) {
  EXPECT_TRUE(is_error(*error_reply("NOGROUP No such key"), "NOGROUP"));
  EXPECT_FALSE(is_error(*error_reply("NOGROUPS No such key"), "NOGROUP"));
  EXPECT_FALSE(is_error(*error_reply("ERR NOGROUP"), "NOGROUP"));
}

}  // namespace
}  // namespace aftercommit
