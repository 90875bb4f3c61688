/// What a broker in Redis says of durable jobs after Redis has lost a queue: that it has none, so that they
/// come back.
#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class RedisDataLoss : public RedisTest {
 protected:
  bool relay(const std::string& expected, const std::string& next, std::vector<Outgoing> jobs = {}) {
    return calls.broker.relay({"mail", "shop", expected, next, std::move(jobs)});
  }
  std::string cursor() { return calls.broker.relay_cursors("shop", kMail).at(0); }
  bool has(const JobId& id) { return calls.broker.has_durable("mail", {&id, 1}).at(0); }

  /// The jobs go, and what says which of them Redis has stays: the worst that a loss can leave.
  void lose_stream() { redis.ask("DEL", redis.mail().stream); }

  void SetUp() override {
    ASSERT_TRUE(relay("", "page 1", {durable_job("a", a)}));
    EXPECT_TRUE(has(a));
  }

  const JobId a = JobId::generate();
  const JobId b = JobId::generate();
};

TEST_F(RedisDataLoss, IsNoticedByTheNextFetch) {
  lose_stream();
  EXPECT_THAT(calls.fetch(1), IsEmpty());
  EXPECT_FALSE(has(a));
  EXPECT_EQ(cursor(), "");
}

TEST_F(RedisDataLoss, IsNoticedByAFetchThatWaits) {
  calls.fetch(1);
  lose_stream();
  EXPECT_THAT(calls.fetch(1, 10ms), IsEmpty());
  EXPECT_FALSE(has(a));
}

TEST_F(RedisDataLoss, IsNoticedByTheNextDurableJob) {
  lose_stream();
  calls.enqueue({durable_job("a", a)});
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("a"));
  EXPECT_EQ(cursor(), "");
}

TEST_F(RedisDataLoss, IsNoticedByTheNextRelayStep) {
  lose_stream();
  EXPECT_FALSE(relay("page 1", "page 2", {durable_job("b", b)}));
  EXPECT_EQ(cursor(), "");
  EXPECT_FALSE(has(b));
  EXPECT_EQ(calls.counts().ready, 0);
  EXPECT_TRUE(relay("", "page 1 anew", {durable_job("a", a), durable_job("b", b)}));
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("a", "b"));
}

TEST_F(RedisDataLoss, IsNoticedThoughAnotherJobHasMadeTheStreamAnew) {
  lose_stream();
  calls.enqueue({{"mail", "on commit"}});
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("on commit"));
  EXPECT_FALSE(has(a));
  EXPECT_EQ(cursor(), "");
}

TEST_F(RedisDataLoss, IsNoticedThoughADelayedJobHasMadeTheStreamAnew) {
  calls.enqueue({{"mail", "due", {}, std::chrono::system_clock::now() - 1s}});
  lose_stream();
  EXPECT_EQ(calls.broker.promote(kMail, 10).promoted, 1U);
  calls.enqueue({durable_job("a", a)});
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("due", "a"));
}

TEST_F(RedisDataLoss, OfEverythingStopsTheRelay) {
  redis.ask("DEL", redis.mail().stream, redis.mail().durable, redis.mail().relay);
  EXPECT_FALSE(relay("page 1", "page 2", {durable_job("b", b)}));
  EXPECT_EQ(calls.counts().ready, 0);
}

TEST_F(RedisDataLoss, OfTheCursorAloneStopsTheRelay) {
  redis.ask("DEL", redis.mail().relay);
  EXPECT_FALSE(relay("page 1", "page 2", {durable_job("b", b)}));
  EXPECT_TRUE(relay("", "page 1 anew", {durable_job("a", a), durable_job("b", b)}));
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("a", "b"));
}

TEST_F(RedisDataLoss, LeavesADelayedJobOneJobWithItsEarlierTimeWhenItIsBroughtBack) {
  auto later = durable_job("later", b);
  later.countdown = 10min;
  calls.enqueue({later});
  lose_stream();
  calls.fetch(1);
  EXPECT_FALSE(has(b));
  later.countdown = 1h;
  calls.enqueue({later});
  EXPECT_TRUE(has(b));
  EXPECT_EQ(calls.counts().delayed, 1);
  EXPECT_LE(calls.broker.promote(kMail, 10).next_due, 10min);
}

TEST_F(RedisDataLoss, IsNotSeenInAQueueThatNoWorkerHasComeToYet) {
  calls.enqueue({durable_job("b", b)});
  EXPECT_EQ(cursor(), "page 1");
  EXPECT_THAT(payloads(calls.fetch(10)), ElementsAre("a", "b"));
  EXPECT_TRUE(has(a));
  EXPECT_TRUE(has(b));
}

TEST_F(RedisDataLoss, LeavesNothingToSettleAndForgetsNoJobThatIsBack) {
  const auto lost = calls.fetch(1).at(0);
  lose_stream();
  calls.enqueue({durable_job("a", a)});
  for (const auto kind : {Kind::kAck, Kind::kBury}) {
    const Settlement late{kind, "mail", lost.entry, "letter", 0ms, a};
    EXPECT_THAT(calls.broker.settle(kAnn, {&late, 1}), Each(Settled::kNotPending));
  }
  EXPECT_TRUE(has(a));
}

TEST_F(RedisDataLoss, OfTheLeasesGivesEachWorkerTimeToRenewItsOwn) {
  calls.broker.renew_lease(kAnn, kMail, 0ms);
  calls.fetch(1);
  redis.ask("DEL", redis.mail().workers);
  EXPECT_THAT(calls.lapsed_workers(1h), IsEmpty());
  EXPECT_EQ(calls.recover_lapsed(kAnn), 0U);
  EXPECT_THAT(calls.broker.renew_lease(kAnn, kMail, 1h), ElementsAre(Lease::kHeld));
}

TEST_F(RedisDataLoss, OfTheStreamLeavesNothingToRecover) {
  calls.fetch(1);
  calls.broker.renew_lease(kAnn, kMail, 0ms);
  lose_stream();
  EXPECT_THAT(calls.lapsed_workers(1h), ElementsAre(kAnn));
  EXPECT_EQ(calls.recover_lapsed(kAnn), 0U);
  EXPECT_THAT(calls.lapsed_workers(1h), IsEmpty());
  EXPECT_THAT(calls.broker.held_by(kAnn, "mail", std::vector<std::string>{"1-1"}), IsEmpty());
  calls.broker.renew_lease(kAnn, kMail, 0ms);
  calls.broker.retire(kAnn, kMail);
  EXPECT_EQ(redis.ask("EXISTS", redis.mail().workers)->integer, 0);
}

}  // namespace
}  // namespace aftercommit
