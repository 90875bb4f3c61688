/// What a broker does with a Redis that is full, busy, a replica, guarded or set up wrong.
#include <future>

#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

using RedisServer = PrivateRedisTest;

TEST_F(RedisServer, DrainsAFullRedisEvenByAWorkerThatComesLater) {
  const std::string large(10'000, 'x');
  calls.enqueue({{"mail", "delayed", {}, std::chrono::system_clock::now()}});
  calls.enqueue(std::vector<Outgoing>(50, {"mail", large}));
  redis.ask("CONFIG", "SET", "maxmemory", "1");
  const auto full = failure([&] { calls.enqueue({{"mail", "one more"}, {"mail", "later", 1h}}); });
  ASSERT_TRUE(full);
  EXPECT_THAT(full->unsent(), ElementsAre(0, 1));
  EXPECT_FALSE(full->in_doubt());
  EXPECT_THAT(full->what(), AllOf(HasSubstr("OOM"), HasSubstr("maxmemory")));

  const auto jobs = calls.fetch(100);
  ASSERT_THAT(jobs, SizeIs(50));
  EXPECT_EQ(calls.settle(Kind::kAck, jobs[0]), Settled::kDone);
  EXPECT_EQ(calls.settle(Kind::kRetry, jobs[1]), Settled::kDone);
  EXPECT_EQ(calls.settle(Kind::kRelease, jobs[2]), Settled::kDone);
  EXPECT_EQ(calls.settle(Kind::kBury, jobs[3]), Settled::kDone);
  EXPECT_EQ(calls.broker.promote(kMail, 10).promoted, 2U);
}

TEST_F(RedisServer, CallsAReplicaAndABusyServerUnavailable) {
  calls.enqueue({{"mail", "a"}});
  redis.ask("REPLICAOF", "127.0.0.1", "1");
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { calls.fetch(1); }), HasSubstr("replica"));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] {
                calls.settle(Kind::kAck, {"mail", "1-1", ""});
              }),
              HasSubstr("replica"));
  const auto refused = failure([&] { calls.enqueue({{"mail", "b"}}); });
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->retryable());
  EXPECT_FALSE(refused->in_doubt());
  redis.ask("REPLICAOF", "NO", "ONE");

  redis.ask("CONFIG", "SET", "busy-reply-threshold", "20");
  auto busy = std::async(std::launch::async, [&] {
    try {
      Onlooker{server.url()}.ask("EVAL", "while true do end", "0");
    } catch (const BrokerRefused&) {  // killed below
    }
  });
  EXPECT_TRUE(eventually([&] {
    try {
      calls.counts();
    } catch (const BrokerUnavailable& error) {
      return std::string_view{error.what()}.find("BUSY") != std::string_view::npos;
    }
    return false;
  }));
  redis.ask("SCRIPT", "KILL");
  busy.get();
  EXPECT_EQ(calls.counts().ready, 1);
}

TEST_F(RedisServer, LooksAwayWithoutHarmFromAReplicaThatServesNoStaleData) {
  calls.enqueue({{"mail", "a"}});
  redis.ask("CONFIG", "SET", "replica-serve-stale-data", "no");
  redis.ask("REPLICAOF", "127.0.0.1", "1");
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { calls.counts(); }), HasSubstr("MASTERDOWN"));
  redis.ask("REPLICAOF", "NO", "ONE");
  EXPECT_EQ(calls.counts().ready, 1);
}

TEST_F(RedisServer, ThrowsWhenItRefusesToSettleAnythingAtAll) {
  calls.enqueue({{"mail", "a"}});
  const auto job = calls.fetch(1).at(0);
  redis.ask("CONFIG", "SET", "min-replicas-to-write", "1");
  EXPECT_THAT(complaint<BrokerRefused>([&] { calls.settle(Kind::kAck, job); }), HasSubstr("NOREPLICAS"));
  redis.ask("CONFIG", "SET", "min-replicas-to-write", "0");
  EXPECT_EQ(calls.settle(Kind::kAck, job), Settled::kDone);
}

TEST_F(RedisServer, WarnsOfEviction) {
  EXPECT_THAT(calls.broker.check(), IsEmpty());
  redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  EXPECT_THAT(calls.broker.check(), ElementsAre(AllOf(HasSubstr("allkeys-lru"), HasSubstr("noeviction"))));
}

TEST_F(RedisServer, LogsInAndNamesWhatIsForbidden) {
  redis.ask("ACL", "SETUSER", "shop", "on", ">s3cret%", "~ac:*", "&ac:*", "+@all", "-info", "-xadd");
  const auto at = "@127.0.0.1:" + std::to_string(server.port());
  Calls shop{"redis://shop:s3cret%25" + at};
  EXPECT_THAT(shop.fetch(1), IsEmpty());
  EXPECT_THAT(shop.broker.check(), ElementsAre(HasSubstr("version"), HasSubstr("maxmemory-policy")));
  const auto no_xadd = failure([&] { shop.enqueue({{"mail", "a"}}); });
  ASSERT_TRUE(no_xadd);
  EXPECT_FALSE(no_xadd->retryable());
  EXPECT_THAT(no_xadd->what(), AllOf(HasSubstr("NOPERM"), HasSubstr("ACL SETUSER")));

  const auto wrong = HasSubstr("user name and password");
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{"redis://shop:gu3ss" + at}.fetch(1); }),
              AllOf(HasSubstr("WRONGPASS"), wrong, Not(HasSubstr("gu3ss"))));
  const auto unknown = failure([&] { Calls{"redis://:gu3ss" + at}.enqueue({{"mail", "a"}}); });
  ASSERT_TRUE(unknown);
  EXPECT_THAT(unknown->what(), AllOf(wrong, Not(HasSubstr("gu3ss"))));
  EXPECT_FALSE(unknown->retryable());
}

TEST_F(RedisServer, TakesJobsFromAUserThatMayDoNoMoreThanTheWireFormatSays) {
  redis.ask("ACL", "SETUSER", "web", "on", ">s3cret", "~ac:*", "&ac:*", "-@all", "+xadd", "+zadd", "+zrange",
            "+publish", "+time", "+eval", "+evalsha", "+xpending", "+xgroup|create", "+del", "+hlen",
            "+smismember", "+sadd");
  Calls web{"redis://web:s3cret@127.0.0.1:" + std::to_string(server.port())};
  const auto id = JobId::generate();
  web.enqueue({{"mail", "a"}, {"mail", "later", 1h}, durable_job("b", id)});
  web.enqueue({durable_job("b", id)});
  EXPECT_EQ(calls.counts().ready, 2);
  EXPECT_EQ(calls.counts().delayed, 1);
}

TEST_F(RedisServer, AsksForThePasswordThatTheServerWants) {
  redis.ask("CONFIG", "SET", "requirepass", "s3cret");
  Calls anonymous{server.tcp_url()};
  EXPECT_THAT(complaint<BrokerRefused>([&] { anonymous.fetch(1); }),
              HasSubstr("put its password into the broker URL"));
  EXPECT_THAT(Calls{"redis://:s3cret@127.0.0.1:" + std::to_string(server.port())}.fetch(1), IsEmpty());
}

TEST_F(RedisServer, UsesTheDatabaseOfItsUrl) {
  Calls second{server.tcp_url() + "/1"};
  second.enqueue({{"mail", "a"}});
  redis.cut_others();
  EXPECT_EQ(second.counts().ready, 1);
  EXPECT_EQ(calls.counts().ready, 0);
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{server.tcp_url() + "/99"}.fetch(1); }),
              HasSubstr("database number"));
}

}  // namespace
}  // namespace aftercommit
