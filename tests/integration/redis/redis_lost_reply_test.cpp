/// What becomes of jobs when Redis has done what it was asked and the reply is lost on the way.
#include <algorithm>
#include <future>

#include "support/fixtures/redis_test.hpp"
#include "support/servers/tcp_proxy.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class LostReply : public ::testing::Test {
 protected:
  PrivateRedis server;
  TcpProxy proxy{server.port()};
  Calls direct{server.url()};
  Calls calls{"redis://127.0.0.1:" + std::to_string(proxy.port())};
};

TEST_F(LostReply, OfAFetchStrandsNoJob) {
  direct.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d"}});
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre("a"));
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.fetch(2), BrokerUnavailable);
  EXPECT_EQ(direct.counts().running, 3);
  EXPECT_THAT(payloads(calls.fetch(1)), ElementsAre("a"));  // which the caller knows to be in its hands
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("b", "c", "d"));
  EXPECT_THAT(calls.fetch(10), IsEmpty());
}

TEST_F(LostReply, OfAWaitingFetchStrandsNoJob) {
  calls.fetch(1);
  auto waiting = std::async(std::launch::async, [&] { return calls.fetch(1, kTimeout); });
  EXPECT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
  proxy.cut_after_reply_bytes(7);
  direct.enqueue({{"mail", "a"}});
  EXPECT_THROW(waiting.get(), BrokerUnavailable);
  EXPECT_THAT(payloads(calls.fetch(1, kTimeout)), ElementsAre("a"));
}

TEST_F(LostReply, OfTheFirstFetchStrandsNoJob) {
  direct.enqueue({{"mail", "a"}});
  EXPECT_THAT(direct.fetch(1, kNoWait, kBob), SizeIs(1));  // makes the group
  direct.enqueue({{"mail", "b"}});
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.fetch(1), BrokerUnavailable);
  EXPECT_THAT(payloads(calls.fetch(2)), ElementsAre("b"));
}

TEST_F(LostReply, OfAReadOfSeveralQueuesStrandsNoJob) {
  const std::vector<Queue> queues{"mail", "slow"};
  calls.broker.fetch(kAnn, queues, 1, kNoWait);
  direct.enqueue({{"mail", "m"}, {"slow", "s"}});
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.broker.fetch(kAnn, queues, 2, kNoWait), BrokerUnavailable);
  EXPECT_THAT(payloads(calls.broker.fetch(kAnn, queues, 2, kNoWait)), ElementsAre("m", "s"));
}

TEST_F(LostReply, OfASecondQueueStillHandsOutTheFirst) {
  const std::vector<Queue> queues{"mail", "slow"};
  direct.broker.fetch(kBob, queues, 1, kNoWait);
  direct.enqueue(std::vector<Outgoing>(100, {"mail", "before"}));  // so that it is read by itself
  for (const auto& job : calls.broker.fetch(kAnn, queues, 100, kNoWait)) calls.settle(Kind::kAck, job);
  direct.enqueue({{"mail", "m"}, {"slow", "s"}});
  const auto reply_to_mail =
      std::string_view{
          "*1\r\n*2\r\n$16\r\nac:{mail}:stream\r\n*1\r\n*2\r\n$15\r\n"
          "1700000000000-0\r\n*2\r\n$1\r\ne\r\n$1\r\nm\r\n"}
          .size();
  proxy.cut_after_reply_bytes(static_cast<std::int64_t>(reply_to_mail));
  EXPECT_THAT(payloads(calls.broker.fetch(kAnn, queues, 2, kNoWait)), ElementsAre("m"));
  EXPECT_THAT(payloads(calls.broker.fetch(kAnn, queues, 2, kNoWait)), ElementsAre("m", "s"));
}

TEST_F(LostReply, OfAFetchHandsOutAllThatStandsInTheWorkersNameAndNothingElse) {
  direct.enqueue({{"mail", "running"}, {"mail", "settled"}, {"mail", "lost"}, {"mail", "deleted"}});
  const auto jobs = calls.fetch(2);
  EXPECT_EQ(direct.settle(Kind::kAck, jobs.at(1)), Settled::kDone);
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.fetch(2), BrokerUnavailable);
  Onlooker redis{server.url()};
  const auto stream = redis.ask("XRANGE", redis.mail().stream, "-", "+");
  const auto* last = elements(*stream).back();
  redis.ask("XDEL", redis.mail().stream, text(*elements(*last)[0]));
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("running", "lost"));
  EXPECT_EQ(direct.counts().running, 2);
  EXPECT_EQ(elements(*redis.ask("XPENDING", redis.mail().stream, kRedisGroup))[0]->integer, 2);
}

TEST_F(LostReply, OfAnEnqueueIsMadeGoodOverANewConnection) {
  calls.counts();
  proxy.cut_after_reply_bytes(0);
  calls.enqueue({{"mail", "a"}, {"mail", "later", 1h}});
  EXPECT_EQ(proxy.accepted(), 2);
  EXPECT_GE(direct.counts().ready, 1);  // twice, if the first connection was cut late
  EXPECT_EQ(direct.counts().delayed, 1);
}

TEST_F(LostReply, OfPartOfAnEnqueueSendsOnlyTheRestAgain) {
  calls.counts();
  const std::int64_t reply_size = std::string_view{"$15\r\n1700000000000-0\r\n"}.size();
  proxy.cut_after_reply_bytes(2 * reply_size);
  calls.enqueue({{"mail", "0"}, {"mail", "1"}, {"mail", "2"}, {"mail", "3"}});
  const auto all = payloads(direct.fetch(10));
  EXPECT_EQ(std::ranges::count(all, "0"), 1);
  EXPECT_EQ(std::ranges::count(all, "1"), 1);
  EXPECT_EQ(std::ranges::count(all, "2"), 2);
  EXPECT_EQ(std::ranges::count(all, "3"), 2);
}

TEST_F(LostReply, OfAnEnqueueThatCannotBeMadeGoodLeavesItInDoubt) {
  calls.counts();
  proxy.swallow_replies(true);
  const auto late = failure([&] { calls.enqueue({{"mail", "a"}, {"mail", "b"}}, kShort); });
  ASSERT_TRUE(late);
  EXPECT_THAT(late->unsent(), ElementsAre(0, 1));
  EXPECT_TRUE(late->in_doubt());
  EXPECT_TRUE(late->retryable());
  EXPECT_EQ(direct.counts().ready, 2);
}

TEST_F(LostReply, OfADurableJobLeavesOneJob) {
  const auto id = JobId::generate();
  calls.enqueue({durable_job("first")});  // makes the script known
  proxy.cut_after_reply_bytes(0);
  calls.enqueue({durable_job("a", id), {"mail", "later", 1h, {}, JobId::generate()}});
  EXPECT_EQ(proxy.accepted(), 2);
  EXPECT_EQ(direct.counts().delayed, 1);
  EXPECT_THAT(payloads(direct.fetch(10)), ElementsAre("first", "a"));
}

TEST_F(LostReply, OfARelayStepShowsInTheCursor) {
  const RelayStep step{"mail", "shop", "", "page 1", {durable_job("a")}};
  calls.broker.relay({"slow", "shop", "", "page 1"});  // makes the script known
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.broker.relay(step), BrokerUnavailable);
  EXPECT_FALSE(calls.broker.relay(step));
  EXPECT_THAT(calls.broker.relay_cursors("shop", kMail), ElementsAre("page 1"));
  EXPECT_THAT(payloads(direct.fetch(10)), ElementsAre("a"));
}

TEST_F(LostReply, OfARecoveryStrandsNoJob) {
  direct.enqueue({{"mail", "a"}, {"mail", "b"}});
  direct.fetch(2, kNoWait, kBob);
  calls.broker.recover("nobody", kMail, 1, "");  // makes the script known
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.broker.recover(kBob, kMail, 1, ""), BrokerUnavailable);
  EXPECT_EQ(calls.broker.recover(kBob, kMail, 10, ""), 1U);
  EXPECT_THAT(payloads(direct.fetch(10)), ElementsAre("a", "b"));
}

TEST_F(LostReply, OfASettlingIsSafeToAskAgain) {
  direct.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}});
  const auto jobs = calls.fetch(3);
  calls.settle(Kind::kRetry,
               jobs[0]);  // makes the script known, or its being unknown would be the reply lost
  const std::vector<Settlement> ends{{Kind::kRetry, "mail", jobs[1].entry, "b again", 1h},
                                     {Kind::kRetry, "mail", jobs[2].entry, "c again", 1h}};
  proxy.cut_after_reply_bytes(0);
  EXPECT_THROW(calls.broker.settle(kAnn, ends), BrokerUnavailable);
  EXPECT_THAT(calls.broker.settle(kAnn, ends), ElementsAre(Settled::kNotPending, Settled::kNotPending));
  EXPECT_EQ(direct.counts().delayed, 3);
}

}  // namespace
}  // namespace aftercommit
