/// What a broker does over TLS that it does without.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "support/fixtures/redis_calls.hpp"
#include "support/servers/mute_redis.hpp"
#include "support/servers/tls_redis.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class RedisOverTls : public ::testing::Test {
 protected:
  std::string connections() {
    const auto info = redis.text_of("INFO", "stats");
    return info.substr(0, info.find("\r\n", info.find("total_connections_received")));
  }

  TlsRedis tls;
  Onlooker redis{tls.server.url()};
  Calls calls{tls.url()};
};

TEST_F(RedisOverTls, KeepsItsConnectionThoughNewTicketsComeOnIt) {
  calls.enqueue({{"mail", "a"}});
  const auto before = connections();
  for (int i = 0; i < 20; ++i) calls.counts();
  EXPECT_EQ(calls.fetch(1).size(), 1U);
  EXPECT_EQ(connections(), before);
}

TEST_F(RedisOverTls, HandsOutMoreThanOneRecordHolds) {
  const std::string large(900'000, 'x');
  calls.enqueue(std::vector<Outgoing>(20, {"mail", large}));
  const auto jobs = calls.fetch(20);
  ASSERT_THAT(jobs, SizeIs(20));
  for (const auto& job : jobs) EXPECT_EQ(job.payload, large);
}

TEST_F(RedisOverTls, HearsAtOnceOfAJobThatItWaitsFor) {
  auto waiting = std::async(std::launch::async, [&] { return calls.fetch(1, kTimeout); });
  EXPECT_TRUE(eventually(
      [&] { return redis.text_of("INFO", "clients").find("blocked_clients:1") != std::string::npos; }));
  Calls{tls.url()}.enqueue({{"mail", "a"}});
  EXPECT_THAT(payloads(waiting.get()), ElementsAre("a"));
}

TEST_F(RedisOverTls, HearsAtOnceOfAJobThatIsDueSooner) {
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kNoWait));
  EXPECT_FALSE(calls.broker.await_schedule(kMail, kShortWait));
  auto waiting = std::async(std::launch::async, [&] { return calls.broker.await_schedule(kMail, kTimeout); });
  Calls{tls.url()}.enqueue({{"mail", "later", 1h}});
  EXPECT_TRUE(waiting.get());
}

TEST_F(RedisOverTls, ConnectsAnewAfterItsConnectionWasCutAndRaisesNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  calls.enqueue({{"mail", "a"}});
  redis.cut_others();
  EXPECT_THAT(calls.fetch(1), SizeIs(1));
  tls.server.kill();
  EXPECT_THROW(calls.fetch(1), BrokerUnavailable);
  EXPECT_TRUE(failure([&] { calls.enqueue({{"mail", "b"}}); }));
  tls.server.start();
  calls.enqueue({{"mail", "c"}});
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre("c"));
}

TEST_F(RedisOverTls, GivesUpOnAServerThatFreezes) {
  calls.enqueue({{"mail", "a"}});
  Calls hasty{tls.url(), kShort};
  hasty.counts();
  tls.server.stop();
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { hasty.counts(); }), HasSubstr("did not reply"));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { hasty.counts(); }),
              HasSubstr("does not answer to TLS in time"));
  tls.server.resume();
  EXPECT_EQ(calls.counts().ready, 1);
}

TEST_F(RedisOverTls, IsNotDisturbedByAChildThatInheritedItsConnection) {
  auto parents = std::make_unique<Calls>(tls.url());
  parents->enqueue({{"mail", "a"}});
  const auto child = ::fork();
  if (child == 0) {
    const auto seen = parents->counts().ready;  // over a connection of its own
    parents.reset();
    ::_exit(seen == 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const auto before = connections();
  EXPECT_EQ(parents->counts().ready, 1);
  EXPECT_EQ(connections(), before);
}

TEST_F(RedisOverTls, LogsInAndChoosesADatabase) {
  redis.ask("ACL", "SETUSER", "shop", "on", ">s3cret", "~ac:*", "&ac:*", "+@all");
  Calls shop{tls.at("shop:s3cret@") + "/1?tls_ca=" + tls.certificates.ca()};
  shop.enqueue({{"mail", "a"}});
  EXPECT_EQ(shop.counts().ready, 1);
  EXPECT_EQ(calls.counts().ready, 0);
  EXPECT_THAT(complaint<BrokerRefused>(
                  [&] { Calls{tls.at("shop:gu3ss@") + "?tls_ca=" + tls.certificates.ca()}.counts(); }),
              AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("gu3ss"))));
}

TEST_F(RedisOverTls, ReadsItsFilesAnewAtEachConnection) {
  const auto ca = tls.certificates.write("mine.crt", "not yet");
  Calls careful{tls.at() + "?tls_ca=" + ca};
  EXPECT_THROW(careful.counts(), BrokerRefused);
  std::filesystem::copy_file(tls.certificates.ca(), ca, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(careful.counts().ready, 0);
}

TEST(RedisTlsName, IsWhatTheServerIsGreetedByAndCheckedFor) {
  const TlsRedis tls{"DNS:redis.internal"};
  const auto named = "?tls_server_name=redis.internal&tls_ca=" + tls.certificates.ca();
  EXPECT_EQ(Calls{tls.at() + named}.counts().ready, 0);

  MuteRedis mute;
  Calls calls{"rediss" + mute.url().substr(mute.url().find(':')) + named, kShort};
  auto calling = std::async(std::launch::async, [&] { EXPECT_THROW(calls.counts(), BrokerUnavailable); });
  MuteRedis::hear(mute.accept(), "redis.internal");
  calling.get();
}

TEST(RedisTlsDeathTest, BelievesTheCasOfTheSystem) {
  GTEST_FLAG_SET(death_test_style,
                 "threadsafe");  // in a process of its own, which reads them where it is told
  EXPECT_EXIT(
      {
        bool answered = false;
        {
          const TlsRedis tls;
          ::setenv("SSL_CERT_FILE", tls.certificates.ca().c_str(), 1);
          answered = Calls{tls.at()}.counts().ready == 0;
        }
        std::exit(answered ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(RedisTlsCertificate, OfAClientIsShownToAServerThatWantsOne) {
  TlsRedis tls{"IP:127.0.0.1", {}, {}};
  const auto ours = tls.certificates.issue("shop", "");
  Calls calls{tls.url() + "&tls_cert=" + ours.cert + "&tls_key=" + ours.key};
  EXPECT_EQ(calls.counts().ready, 0);
}

}  // namespace
}  // namespace aftercommit
