/// Durable jobs that a thread of their own sends to Redis, once they are committed.
#include "client/sending/durable_push.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/sending/broker_sender.hpp"
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
detail::SendCounts sends_of_test;  // nobody looks at them
using detail::PendingJob;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using SteadyClock = std::chrono::steady_clock;

class DurablePushTest : public ::testing::Test {
 protected:
  ~DurablePushTest() override { server.resume(); }  // else what waits is waited for

  void push(const std::string& payload) { pusher->push({committed_job(payload)}); }

  /// Everything that arrives, once so many jobs are there.
  std::vector<std::string> eventually_arrived(std::size_t count) {
    std::vector<std::string> arrived;
    EXPECT_TRUE(eventually([&] {
      for (auto& payload : payloads(receiver.fetch(10'000))) arrived.push_back(std::move(payload));
      return arrived.size() >= count;
    })) << "only "
        << arrived.size() << " of " << count;
    return arrived;
  }
  /// Everything that waits was sent, and is fetched: how much that was.
  std::size_t all_arrived() {
    pusher.reset();
    std::size_t arrived = 0;
    while (const auto more = receiver.fetch(10'000).size()) arrived += more;
    return arrived;
  }
  long scripts_run() {
    const auto stats = redis.text_of("INFO", "commandstats");
    const std::string field = "cmdstat_evalsha:calls=";
    const auto found = stats.find(field);
    return found == std::string::npos ? 0 : std::stol(stats.substr(found + field.size()));
  }

  PrivateRedis server;
  std::unique_ptr<DurablePush> pusher =
      std::make_unique<DurablePush>(server.tcp_url(), kTimeout, sends_of_test);
  Calls receiver{server.url()};
  Onlooker redis{server.url()};
};

TEST_F(DurablePushTest, BringsTheJobsInTheirOrder) {
  pusher->push({committed_job("a"), committed_job("b")});
  push("c");
  EXPECT_THAT(eventually_arrived(3), ElementsAre("a", "b", "c"));
}

TEST_F(DurablePushTest, BringsEachJobOnceHoweverOftenItIsPushed) {
  const auto twice = committed_job("a");
  pusher->push({twice, twice});
  pusher->push({twice});
  push("b");
  EXPECT_THAT(eventually_arrived(2), ElementsAre("a", "b"));
}

TEST_F(DurablePushTest, CountsACountdownFromWhenTheJobWasAskedFor) {
  auto due = committed_job("due");
  due.outgoing.countdown = 30min;
  due.asked_at -= 1h;
  auto later = committed_job("later");
  later.outgoing.countdown = 2h;
  later.asked_at -= 1h;
  auto tomorrow = committed_job("tomorrow");
  tomorrow.outgoing.eta = std::chrono::system_clock::now() + 24h;
  pusher->push({later, tomorrow, due});
  EXPECT_THAT(eventually_arrived(1), ElementsAre("due"));
  EXPECT_EQ(receiver.counts().delayed, 2);
}

TEST_F(DurablePushTest, TakesThousandsOfJobsOfSeveralQueuesAtOnce) {
  constexpr int kEach = 8000;  // together more than may wait for a broker that hangs
  std::vector<PendingJob> jobs;
  std::vector<std::string> expected;
  for (int i = 0; i < kEach; ++i) {
    jobs.push_back(committed_job(std::to_string(i)));
    jobs.push_back(committed_job(std::to_string(i), "slow"));
    expected.push_back(std::to_string(i));
  }
  pusher->push(std::move(jobs));
  EXPECT_EQ(eventually_arrived(kEach), expected);
  EXPECT_TRUE(eventually([&] { return receiver.broker.counts("slow").ready == kEach; }));
}

TEST_F(DurablePushTest, WaitsForNoAnswer) {  // P10
  pusher = std::make_unique<DurablePush>(server.tcp_url(), 1h, sends_of_test);
  server.stop();
  push("a");
  push("b");
  push("c");
  server.resume();
  EXPECT_THAT(eventually_arrived(3), ElementsAre("a", "b", "c"));
}

TEST_F(DurablePushTest, SendsTogetherWhatCameDuringACall) {
  constexpr int kJobs = 500;
  push("first");
  eventually_arrived(1);
  const auto before = scripts_run();
  server.stop();
  for (int i = 0; i < kJobs; ++i) push(std::to_string(i));
  server.resume();
  eventually_arrived(kJobs);
  EXPECT_LE(scripts_run() - before, 2);
}

TEST_F(DurablePushTest, GathersForAMillisecondAfterACallBegins) {
  const auto start = SteadyClock::now();
  for (int sent = 1; sent <= 100; ++sent) {
    push("a");
    while (redis.ask("XLEN", redis.mail().stream)->integer < sent) {
      ASSERT_LT(SteadyClock::now() - start, kDeadline);
    }
  }
  const auto calls = scripts_run();
  EXPECT_LE(calls, (SteadyClock::now() - start) / 1ms + 1);
}

TEST_F(DurablePushTest, LeavesToTheRelayWhatIsTooMuchToKeep) {
  constexpr std::size_t kMost = 10'000;
  push("first");
  eventually_arrived(1);
  server.stop();
  for (std::size_t i = 0; i < 3 * kMost; ++i) push("small");
  server.resume();
  EXPECT_THAT(all_arrived(), AllOf(Ge(kMost), Le(2 * kMost)))
      << "those of the call under way, and those that waited";
}

TEST_F(DurablePushTest, LeavesToTheRelayWhatIsTooLargeToKeep) {
  constexpr std::size_t kMost = 64;  // of half a mebibyte
  push("first");
  eventually_arrived(1);
  server.stop();
  const std::string large(std::size_t{512} * 1024, 'x');
  for (std::size_t i = 0; i < 3 * kMost; ++i) push(large);
  server.resume();
  EXPECT_THAT(all_arrived(), AllOf(Ge(kMost), Le(2 * kMost)));
}

TEST_F(DurablePushTest, SendsWhatWaitsWhenItIsDestroyed) {
  for (int i = 0; i < 1000; ++i) push("a");
  EXPECT_EQ(all_arrived(), 1000U);
}

TEST_F(DurablePushTest, IsDestroyedThoughRedisDoesNotAnswer) {
  pusher = std::make_unique<DurablePush>(server.tcp_url(), kShort, sends_of_test);
  server.stop();
  push("a");
  pusher.reset();
  server.resume();
}

TEST_F(DurablePushTest, IsDestroyedThoughRedisDoesNotAnswerTheLastCall) {
  MuteRedis mute;
  pusher = std::make_unique<DurablePush>(mute.url(), kShort, sends_of_test);
  push("a");
  const auto connection = mute.accept();
  MuteRedis::hear(connection, "a");
  push("b");
  const std::jthread late{[&] { MuteRedis::answer(connection); }};
  pusher.reset();
}

TEST_F(DurablePushTest, IsDestroyedWithoutEverHavingBeenUsed) {
  pusher.reset();
  EXPECT_THAT(receiver.fetch(1), IsEmpty());
}

TEST_F(DurablePushTest, ConnectsAnewAfterARestartOfRedis) {
  push("a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  server.kill();
  server.start();
  // It may have waited for its answer when the server went: then it leaves the jobs of the next second to the
  // relay.
  EXPECT_TRUE(eventually([&] {
    push("b");
    return !receiver.fetch(10).empty();
  }));
}

TEST_F(DurablePushTest, ConnectsAnewAfterItsConnectionWasCut) {
  int sent = 0;
  for (const auto* payload : {"a", "b", "c"}) {
    push(payload);
    ++sent;
    EXPECT_TRUE(eventually([&] { return redis.ask("XLEN", redis.mail().stream)->integer == sent; }))
        << payload;
    redis.cut_others();
  }
  EXPECT_THAT(eventually_arrived(3), ElementsAre("a", "b", "c"));
}

TEST_F(DurablePushTest, TakesJobsOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < kEach; ++k) push("a");
      });
    }
  }
  EXPECT_EQ(all_arrived(), std::size_t{kThreads * kEach});
}

TEST(DurableJobsInMemory, AreThereAtOnce) {
  const auto* const url = "memory://durable-push-test";
  detail::BrokerSender sender{url, kTimeout, sends_of_test};
  const auto receiver = make_broker(url);
  for (int i = 0; i < 100; ++i) {
    sender.send({committed_job("a"), committed_job("b")});
    ASSERT_THAT(payloads(receiver->fetch(kAnn, kMail, 10, kNoWait)), ElementsAre("a", "b"));
  }
}

}  // namespace
}  // namespace aftercommit
