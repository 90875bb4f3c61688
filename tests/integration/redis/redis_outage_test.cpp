/// What a broker does when Redis is cut off, stopped, killed or loses its scripts.
#include <csignal>
#include <future>

#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

using RedisOutage = PrivateRedisTest;

TEST_F(RedisOutage, ConnectsAnewAfterItsConnectionWasCut) {
  calls.enqueue({{"mail", "a"}});
  redis.cut_others();
  calls.enqueue({{"mail", "b"}});
  redis.cut_others();
  const auto jobs = calls.fetch(2);
  EXPECT_THAT(payloads(jobs), ElementsAre("a", "b"));
  redis.cut_others();
  EXPECT_EQ(calls.settle(Kind::kAck, jobs[0]), Settled::kDone);
  redis.cut_others();
  EXPECT_EQ(calls.counts().running, 1);
}

TEST_F(RedisOutage, SaysThatAConnectionWasCutWhileItWaitedAndThenConnectsAnew) {
  auto waiting = std::async(std::launch::async, [&] { return calls.fetch(1, kTimeout); });
  EXPECT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
  redis.cut_others();
  EXPECT_THROW(waiting.get(), BrokerUnavailable);
  calls.enqueue({{"mail", "a"}});
  EXPECT_THAT(calls.fetch(1), SizeIs(1));
}

TEST_F(RedisOutage, HandsOutWhatStandsInTheNameOfAWorkerInAQueueThatItWasNotToAskForMeanwhile) {
  const std::vector<Queue> both{"mail", "slow"}, open{"slow"};
  EXPECT_THAT(calls.broker.fetch(kAnn, both, 1, kNoWait), IsEmpty());
  calls.enqueue({{"mail", "a"}});
  redis.cut_others();
  EXPECT_THAT(Calls{server.url()}.fetch(1), SizeIs(1)) << "as in an older state that Redis fell back to";
  EXPECT_THAT(calls.broker.fetch(kAnn, open, 1, kNoWait), IsEmpty());
  EXPECT_THAT(payloads(calls.broker.fetch(kAnn, both, 1, kNoWait)), ElementsAre("a"));
}

TEST_F(RedisOutage, RaisesNoSignalWhenItsConnectionWasCut) {
  std::signal(SIGPIPE, SIG_DFL);
  calls.enqueue({{"mail", "a"}});
  server.kill();
  EXPECT_TRUE(failure([&] { calls.enqueue({{"mail", "b"}}); }));
  EXPECT_THROW(calls.fetch(1), BrokerUnavailable);
}

TEST_F(RedisOutage, GoesOnAfterARestartOfRedis) {
  calls.enqueue({{"mail", "lost"}, {"mail", "lost too", 1h}});
  calls.fetch(1);
  calls.broker.await_schedule(kMail, kNoWait);
  server.kill();
  server.start();
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kTimeout));
  calls.enqueue({{"mail", "a"}, {"mail", "b", 1h}});
  const auto job = calls.fetch(1).at(0);
  EXPECT_EQ(calls.settle(Kind::kRetry, job), Settled::kDone);
  EXPECT_EQ(calls.counts().delayed, 2);
}

TEST_F(RedisOutage, SendsItsScriptsAgainAfterTheyWereFlushed) {
  calls.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d"}, {"mail", "e", 1h}});
  const auto jobs = calls.fetch(4);
  std::vector<Settlement> settlements;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    settlements.push_back({static_cast<Kind>(i), "mail", jobs[i].entry, "settled"});
  }
  redis.ask("SCRIPT", "FLUSH");
  EXPECT_THAT(calls.broker.settle(kAnn, settlements), ::testing::Each(Settled::kDone));
  redis.ask("SCRIPT", "FLUSH");
  EXPECT_EQ(calls.broker.promote(kMail, 10).promoted, 1U);
  redis.ask("SCRIPT", "FLUSH");
  calls.enqueue({{"mail", "f", 1h}, {"mail", "g"}, {"slow", "h", 1h}});
  EXPECT_EQ(calls.counts().delayed, 2);
}

TEST_F(RedisOutage, NamesItsScriptsAsRedisDoes) {
  for (const auto* script : {&scripts::ack(), &scripts::bury(), &scripts::group(), &scripts::promote(),
                             &scripts::release(), &scripts::retry(), &scripts::schedule()}) {
    EXPECT_EQ(text(*redis.ask("SCRIPT", "LOAD", script->text)), script->sha) << script->name;
  }
}

class StoppedRedis : public RedisOutage, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(Over, StoppedRedis, ::testing::Values(true, false),
                         [](const auto& over) { return over.param ? "AUnixSocket" : "Tcp"; });

TEST_P(StoppedRedis, IsWaitedForNoLongerThanTheBound) {
  const auto url = GetParam() ? server.url() : server.tcp_url();
  Calls hasty{url, kShort};
  hasty.enqueue({{"mail", "a"}});
  server.stop();
  const auto begin = std::chrono::steady_clock::now();
  const auto late = failure([&] { hasty.enqueue({{"mail", "b"}}, kShort); });
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->in_doubt());
  EXPECT_TRUE(late->retryable());
  EXPECT_THAT(late->what(), AllOf(HasSubstr("XADD"), HasSubstr("in time")));
  EXPECT_THROW(hasty.fetch(1, kShort), BrokerUnavailable);
  EXPECT_THROW(hasty.counts(), BrokerUnavailable);
  EXPECT_THROW(hasty.broker.promote(kMail, 1), BrokerUnavailable);
  EXPECT_THROW(hasty.broker.check(), BrokerUnavailable);
  Calls late_comer{url, kShort};
  EXPECT_THROW(late_comer.counts(), BrokerUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8 * kShort + 2s);
  server.resume();
  EXPECT_GE(hasty.counts().ready, 1);
}

TEST_F(RedisOutage, NeverTakesALateReplyForTheNext) {
  Calls hasty{server.tcp_url(), kShort};
  hasty.enqueue({{"mail", "a"}, {"mail", "b", 1h}});
  server.stop();
  EXPECT_THROW(hasty.broker.dead_letters("mail", 0, 1), BrokerUnavailable);
  server.resume();
  EXPECT_EQ(hasty.counts().ready, 1);
  EXPECT_EQ(hasty.counts().delayed, 1);
}

TEST_F(RedisOutage, HandsOutWhatAStoppedServerDidWithATimedOutFetch) {
  Calls hasty{server.tcp_url(), kShort};
  EXPECT_THAT(hasty.fetch(1), IsEmpty());
  calls.enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}});
  server.stop();
  EXPECT_THROW(hasty.fetch(2), BrokerUnavailable);
  server.resume();
  std::vector<Fetched> jobs;
  EXPECT_TRUE(eventually([&] {
    std::ranges::move(hasty.fetch(10), std::back_inserter(jobs));
    return jobs.size() >= 3;
  }));
  EXPECT_THAT(payloads(jobs), ::testing::UnorderedElementsAre("a", "b", "c"));
  for (const auto& job : jobs) EXPECT_EQ(hasty.settle(Kind::kAck, job), Settled::kDone);
}

TEST_F(RedisOutage, WakesForASoonerJobOfAnotherProcess) {
  calls.broker.await_schedule(kMail, kNoWait);
  auto woken = std::async(std::launch::async, [&] { return calls.broker.await_schedule(kMail, kTimeout); });
  EXPECT_EQ(woken.wait_for(50ms), std::future_status::timeout);
  Calls{server.url()}.enqueue({{"mail", "sooner", 1min}});
  EXPECT_TRUE(woken.get());
}

TEST_F(RedisOutage, SubscribesAnewAfterItsConnectionWasCut) {
  calls.broker.await_schedule(kMail, kNoWait);
  redis.cut_others();
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kTimeout));  // tells its caller to look
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kTimeout));  // is subscribed again
  EXPECT_FALSE(calls.broker.await_schedule(kMail, 20ms));
  server.kill();
  EXPECT_TRUE(calls.broker.await_schedule(kMail, kTimeout));
  EXPECT_THROW(calls.broker.await_schedule(kMail, kTimeout), BrokerUnavailable);
}

}  // namespace
}  // namespace aftercommit
