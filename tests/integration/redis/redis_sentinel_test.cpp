/// How a broker finds the master that sentinels name, and follows it.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "support/fixtures/redis_calls.hpp"
#include "support/servers/sentinel_set.hpp"
#include "support/servers/tls_redis.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;
using std::chrono::steady_clock;

// Usually it is well under 2; who waits for a minute has noticed nothing.
constexpr std::chrono::seconds kFollowed{20};

class RedisSentinel : public ::testing::Test {
 protected:
  /// Whether a call is answered before the time is over, again and again.
  bool serves_within(std::chrono::milliseconds time) {
    return eventually(
        [&] {
          try {
            calls.enqueue({{"mail", "a"}}, time);
            return true;
          } catch (const Error&) {
            return false;
          }
        },
        time);
  }

  support::PrivateRedis master{{"--repl-diskless-sync-delay", "0"}};
  support::SentinelSet servers{master};
  Calls calls{servers.url()};
};

TEST_F(RedisSentinel, NamesTheServerThatIsUsed) {
  calls.enqueue({{"mail", "a"}, {"mail", "b", 1h}});
  EXPECT_EQ(Calls{servers.first.url()}.counts().ready, 1);
  EXPECT_THAT(calls.fetch(1), SizeIs(1));
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kNoWait));
  EXPECT_THAT(calls.broker.check(), IsEmpty());
}

TEST_F(RedisSentinel, IsAskedInTurnWhereOthersAreAway) {
  servers.sentinels[0]->kill();
  servers.sentinels[1]->kill();
  EXPECT_EQ(calls.counts().ready, 0);
}

TEST_F(RedisSentinel, IsFollowedWhenTheMasterDies) {
  calls.enqueue({{"mail", "a"}});
  servers.first.kill();
  ASSERT_TRUE(servers.comes_to_be(servers.second));
  EXPECT_TRUE(serves_within(kFollowed));
  EXPECT_GE(Calls{servers.second.url()}.counts().ready, 1);
}

TEST_F(RedisSentinel, IsFollowedByAReaderThatWaitsOnAMasterThatFroze) {
  EXPECT_EQ(calls.counts().ready, 0);
  auto waiting = std::async(std::launch::async, [&] {
    EXPECT_THROW(Calls(servers.url()).fetch(1, 60s), BrokerUnavailable);
    return steady_clock::now();
  });
  auto listening = std::async(std::launch::async, [&] {
    Calls listener{servers.url()};
    EXPECT_TRUE(listener.broker.await_schedule(kMail, kNoWait));
    EXPECT_TRUE(listener.broker.await_schedule(kMail, 60s)) << "for it may have missed something";
    return steady_clock::now();
  });
  Onlooker onlooker{servers.first.url()};
  ASSERT_TRUE(eventually([&] {
    const auto listeners = onlooker.ask("PUBSUB", "NUMSUB", onlooker.mail().wake);
    return elements(*listeners)[1]->integer == 1 &&
           onlooker.text_of("INFO", "clients").find("blocked_clients:1") != std::string::npos;
  })) << "both wait at the first master";
  servers.first.stop();
  ASSERT_TRUE(servers.comes_to_be(servers.second));
  const auto announced = steady_clock::now();
  EXPECT_LT(waiting.get() - announced, kFollowed);
  EXPECT_LT(listening.get() - announced, kFollowed);
  EXPECT_TRUE(serves_within(kFollowed));
  servers.first.resume();
}

TEST_F(RedisSentinel, IsFollowedAwayFromAMasterThatWasDemoted) {
  calls.enqueue({{"mail", "a"}});
  Onlooker{"redis://" + servers.sentinels[2]->at()}.ask("SENTINEL", "FAILOVER", "shop");
  ASSERT_TRUE(servers.comes_to_be(servers.second));
  EXPECT_TRUE(serves_within(kFollowed));
  EXPECT_TRUE(servers.comes_to_follow(servers.first));
  EXPECT_EQ(Calls{servers.second.url()}.counts().ready, calls.counts().ready);
}

TEST_F(RedisSentinel, IsNotBelievedWhereTheMasterSaysThatItIsNone) {
  Onlooker{servers.first.url()}.ask("REPLICAOF", "127.0.0.1", std::to_string(servers.second.port()));
  const auto said = complaint<BrokerUnavailable>([&] { Calls(servers.url(), kShort).counts(); });
  EXPECT_THAT(said, AllOf(HasSubstr("cannot find the Redis that sentinels call shop"),
                          HasSubstr(servers.sentinels[0]->at() +
                                    " names 127.0.0.1:" + std::to_string(servers.first.port()) +
                                    ", where: it says that it is a slave"),
                          HasSubstr(servers.sentinels[2]->at() + " names"), HasSubstr("as well")));
}

TEST_F(RedisSentinel, IsFollowedByAParentAndByAChildThatInheritedItsBroker) {
  auto shared = std::make_unique<Calls>(servers.url());
  shared->enqueue({{"mail", "a"}});
  const auto child = ::fork();
  if (child == 0) {
    ::alarm(60);  // instead of a wait for a thread that is not here
    auto code = 1;
    try {
      code = shared->counts().ready == 1 ? 0 : 2;
      shared.reset();
    } catch (const Error&) {
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  servers.first.kill();
  ASSERT_TRUE(servers.comes_to_be(servers.second));
  EXPECT_TRUE(eventually([&] { return failure([&] {
                                        shared->enqueue({{"mail", "b"}});
                                      }) == std::nullopt; },
                         kFollowed));
}

TEST_F(RedisSentinel, SaysForEachThatItIsAway) {
  for (const auto& sentinel : servers.sentinels) sentinel->kill();
  const auto said = complaint<BrokerUnavailable>([&] { calls.counts(); });
  for (const auto& sentinel : servers.sentinels) {
    EXPECT_THAT(said, HasSubstr(sentinel->at() + " does not serve: cannot connect"));
  }
}

TEST_F(RedisSentinel, SaysForEachThatItKnowsNoSuchMaster) {
  const auto said = complaint<BrokerRefused>([&] { Calls{servers.url("", "shoop")}.counts(); });
  for (const auto& sentinel : servers.sentinels) {
    EXPECT_THAT(said, HasSubstr(sentinel->at() + " knows no master shoop"));
  }
}

TEST_F(RedisSentinel, LeavesItToTheMasterToRefuseAPassword) {
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{servers.url("shop:s3cret@")}.counts(); }),
              AllOf(HasSubstr("Redis at 127.0.0.1:" + std::to_string(servers.first.port()) + " refused AUTH"),
                    Not(HasSubstr("s3cret"))));
}

TEST(RedisSentinelPassword, IsAnotherThanThatOfTheMaster) {
  support::PrivateRedis master;
  support::SentinelSet servers{master, "requirepass s3cret\nsentinel sentinel-pass s3cret\n"};
  EXPECT_EQ(Calls{servers.url() + "?sentinel_password=s3cret"}.counts().ready, 0);
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{servers.url()}.counts(); }),
              AllOf(HasSubstr(servers.sentinels[1]->at() + " refuses: "), HasSubstr("NOAUTH")));
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{servers.url() + "?sentinel_password=gu3ss"}.counts(); }),
              AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("gu3ss"))));
}

TEST(RedisSentinelByTls, IsCheckedAsTheMasterIs) {
  support::TlsRedis tls;
  const auto pair = tls.certificates.issue("sentinel", "IP:127.0.0.1");
  const support::PrivateSentinel sentinel{
      tls.port(), "tls-cert-file " + pair.cert + "\ntls-key-file " + pair.key + "\ntls-ca-cert-file " +
                      tls.certificates.ca() + "\ntls-auth-clients no\ntls-replication yes\n"};
  const auto at = "+sentinel://" + sentinel.at() + "/shop";
  EXPECT_EQ(Calls{"rediss" + at + "?tls_ca=" + tls.certificates.ca()}.counts().ready, 0);
  EXPECT_THAT(
      complaint<BrokerRefused>([&] { Calls{"rediss" + at}.counts(); }),
      AllOf(HasSubstr(sentinel.at() + " refuses: "), HasSubstr("a CA that this machine does not know")));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { Calls{"redis" + at}.counts(); }), HasSubstr("rediss://"));
}

}  // namespace
}  // namespace aftercommit
