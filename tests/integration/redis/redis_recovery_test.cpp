/// What recovering leaves in Redis, and what it does with what others put there.
#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class RedisRecovery : public RedisTest {
 protected:
  std::size_t recover(std::size_t limit = 100) { return calls.broker.recover(kAnn, kMail, limit, ""); }
  std::size_t consumers() {
    return redis.ask("XINFO", "CONSUMERS", redis.mail().stream, kRedisGroup)->elements;
  }
  /// All that the stream holds, as Redis tells it.
  std::vector<std::vector<std::string>> entries() {
    std::vector<std::vector<std::string>> all;
    const auto stream = redis.ask("XRANGE", redis.mail().stream, "-", "+");
    for (const auto* entry : elements(*stream)) {
      all.emplace_back();
      for (const auto* word : elements(*elements(*entry)[1])) all.back().emplace_back(text(*word));
    }
    return all;
  }
};

TEST_F(RedisRecovery, LeavesNothingOfTheWorkerBehind) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}});
  calls.fetch(2);
  calls.broker.renew_lease(kAnn, kMail, 1h);
  EXPECT_EQ(recover(1), 1U);
  EXPECT_EQ(consumers(), 1U);
  EXPECT_EQ(redis.ask("ZCARD", redis.mail().workers)->integer, 1);
  EXPECT_EQ(recover(1), 1U);
  EXPECT_EQ(consumers(), 0U);
  EXPECT_EQ(redis.ask("EXISTS", redis.mail().workers)->integer, 0);
  EXPECT_THAT(entries(), SizeIs(2));
  EXPECT_EQ(elements(*redis.ask("XPENDING", redis.mail().stream, kRedisGroup))[0]->integer, 0);
}

TEST_F(RedisRecovery, PutsForeignEntriesBackWithTheSameFields) {
  redis.ask("XADD", redis.mail().stream, "*", "id", "7", "task", "none\xff");
  redis.ask("XADD", redis.mail().stream, "*", "e", "ours");
  calls.fetch(2);
  EXPECT_EQ(recover(), 2U);
  EXPECT_THAT(entries(), ElementsAre(ElementsAre("id", "7", "task", "none\xff"), ElementsAre("e", "ours")));
}

TEST_F(RedisRecovery, PutsAnEntryOfTooManyFieldsBackAsOneText) {
  RedisPipeline commands;
  constexpr std::size_t kFields = 5000;
  commands.begin("XADD", 2 + 2 * kFields);
  commands.word(redis.mail().stream);
  commands.word("*");
  for (std::size_t i = 0; i < 2 * kFields; ++i) commands.word(i);
  RedisSession session{parse_redis_url(url)};
  session.ask(commands, std::chrono::steady_clock::now() + kTimeout);
  calls.fetch(1);
  EXPECT_EQ(recover(), 1U);
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre(AllOf(HasSubstr("0 1 2 "), HasSubstr(" 9998 9999"))));
}

TEST_F(RedisRecovery, ForgetsEntriesThatSomebodyDeleted) {
  calls.enqueue({{"mail", "deleted"}, {"mail", "b"}, {"mail", "deleted too"}});
  const auto jobs = calls.fetch(3);
  redis.ask("XDEL", redis.mail().stream, jobs[0].entry, jobs[2].entry);
  EXPECT_THAT(payloads(calls.broker.held_by(
                  kAnn, "mail", std::vector<std::string>{jobs[0].entry, jobs[1].entry, jobs[2].entry})),
              ElementsAre("b"));
  EXPECT_EQ(recover(1), 1U);
  EXPECT_EQ(recover(1), 0U);
  EXPECT_EQ(consumers(), 0U);
}

TEST_F(RedisRecovery, TakesManyLargeJobsInSeveralSteps) {
  PrivateRedis server;
  Onlooker watcher{server.url()};
  Calls own{server.url()};
  const std::string large(1 << 20, 'x');
  own.enqueue(std::vector<Outgoing>(5, {"mail", large}));
  own.fetch(5);
  own.broker.recover(kBob, kMail, 100, "");  // makes the script known
  watcher.ask("CONFIG", "RESETSTAT");
  EXPECT_EQ(own.broker.recover(kAnn, kMail, 100, ""), 5U);
  EXPECT_THAT(watcher.text_of("INFO", "commandstats"), HasSubstr("cmdstat_evalsha:calls=5,"));
  EXPECT_EQ(own.counts().ready, 5);
}

TEST_F(RedisRecovery, FindsAConsumerThatHasOnlyAName) {
  calls.fetch(1);
  redis.ask("XGROUP", "CREATECONSUMER", redis.mail().stream, kRedisGroup, kBob);
  calls.lapsed_workers(0ms);
  EXPECT_THAT(calls.lapsed_workers(1h), ElementsAre(kBob));
  EXPECT_EQ(calls.recover_lapsed(kBob), 0U);
  EXPECT_EQ(consumers(), 0U);
  EXPECT_THAT(calls.lapsed_workers(1h), IsEmpty());
}

TEST_F(RedisRecovery, RetiringDropsTheConsumerUnlessItHoldsJobs) {
  calls.enqueue({{"mail", "a"}});
  const auto job = calls.fetch(1).at(0);
  calls.broker.retire(kAnn, kMail);
  EXPECT_EQ(consumers(), 1U);
  EXPECT_EQ(calls.settle(Kind::kAck, job), Settled::kDone);
  calls.broker.retire(kAnn, kMail);
  EXPECT_EQ(consumers(), 0U);
}

TEST_F(RedisRecovery, KeepsADurableJobKnown) {
  const auto id = JobId::generate();
  calls.enqueue({durable_job("a", id)});
  calls.fetch(1);
  EXPECT_EQ(recover(), 1U);
  EXPECT_THAT(calls.broker.has_durable("mail", {&id, 1}), ElementsAre(true));
}

TEST_F(RedisRecovery, NamesTheKeyThatAnotherProgramUses) {
  redis.ask("SET", redis.mail().workers, "mine");
  const auto names_it = AllOf(HasSubstr("WRONGTYPE"), HasSubstr(redis.mail().workers), HasSubstr("prefix"));
  EXPECT_THAT(complaint<BrokerRefused>([&] { calls.broker.renew_lease(kAnn, kMail, 1h); }), names_it);
  EXPECT_THROW(recover(), BrokerRefused);
  EXPECT_THROW(calls.lapsed_workers(1h), BrokerRefused);
}

TEST_F(RedisRecovery, SeesNoQueuesButItsOwn) {
  const auto prefix = parse_redis_url(url).prefix;
  calls.enqueue({{"mail", "a"}});
  for (const auto* name : {":{ours}:wake", ":{bad name}:stream", ":{x}:stream:y", ":{}:stream", ":mail"}) {
    redis.ask("SET", prefix + name, "1");
  }
  redis.ask("SET", "x" + prefix + ":{foreign}:stream", "1");
  EXPECT_THAT(calls.broker.queues(), ElementsAre("mail"));
}

TEST_F(RedisRecovery, SkipsForeignMembersOfTheSetOfDurableJobs) {
  redis.ask("SADD", redis.mail().durable, "short", "");
  calls.broker.for_each_durable("mail", [](const JobId& id) { ADD_FAILURE() << id.str(); });
}

using FullRedis = PrivateRedisTest;

TEST_F(FullRedis, IsRecoveredAndTakesNoDurableJobs) {
  const auto id = JobId::generate(), other = JobId::generate();
  calls.enqueue({durable_job("a", id)});
  calls.enqueue({{"mail", "b"}, {"mail", "c"}});
  ASSERT_TRUE(calls.broker.relay({"mail", "shop", "", "page 1"}));
  calls.settle(Kind::kBury, calls.fetch(3).at(2));
  redis.ask("CONFIG", "SET", "maxmemory", "1");

  EXPECT_THAT(complaint<EnqueueFailure>([&] { calls.enqueue({durable_job("d", other)}); }), HasSubstr("OOM"));
  EXPECT_THAT(complaint<BrokerRefused>([&] {
                calls.broker.relay({"mail", "shop", "page 1", "page 2", {durable_job("d", other)}});
              }),
              HasSubstr("OOM"));
  EXPECT_THAT(calls.broker.has_durable("mail", {&other, 1}), ElementsAre(false));
  EXPECT_THAT(calls.broker.relay_cursors("shop", kMail), ElementsAre("page 1"));

  EXPECT_THAT(calls.broker.renew_lease(kAnn, kMail, 0ms), ElementsAre(Lease::kNew));
  EXPECT_THAT(calls.lapsed_workers(1h), ElementsAre(kAnn));
  EXPECT_EQ(calls.recover_lapsed(kAnn), 2U);
  const Outgoing again{"mail", "c again"};
  EXPECT_TRUE(calls.broker.remove_dead_letter("mail", "settled", &again));
  const auto jobs = calls.fetch(10);
  EXPECT_THAT(payloads(jobs), ElementsAre("a", "b", "c again"));
  const Settlement ack{Kind::kAck, "mail", jobs[0].entry, "", 0ms, id};
  EXPECT_THAT(calls.broker.settle(kAnn, {&ack, 1}), ElementsAre(Settled::kDone));
  EXPECT_THAT(calls.broker.has_durable("mail", {&id, 1}), ElementsAre(false));
  calls.broker.retire(kAnn, kMail);
}

}  // namespace
}  // namespace aftercommit
