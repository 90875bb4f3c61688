/// Durable jobs that are sent to Redis without waiting for its answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/eventually.hpp"
#include "support/private_redis.hpp"
#include "support/redis_calls.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace support;
using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Outgoing job(std::string payload, Queue queue = "mail") {
  return {.queue = std::move(queue), .payload = std::move(payload), .durable = JobId::generate()};
}

class RedisPost : public testing::Test {
 protected:
  void post(const std::vector<Outgoing>& jobs, Millis timeout = kTimeout) { poster.post(jobs, timeout); }
  void post(const std::string& payload) { post({job(payload)}); }

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
  /// Waits until Redis has refused something with this code, and the answer is on its way.
  void await_refusal(const std::string& code) {
    EXPECT_TRUE(eventually([&] {
      return redis.text_of("INFO", "errorstats").find("errorstat_" + code + ":") != std::string::npos;
    }));
    redis.ask("PING");
  }
  long connections_received() {
    const auto stats = redis.text_of("INFO", "stats");
    const std::string field = "total_connections_received:";
    return std::stol(stats.substr(stats.find(field) + field.size()));
  }

  PrivateRedis server;
  RedisBroker poster{parse_redis_url(server.tcp_url())};
  Calls receiver{server.url()};
  Onlooker redis{server.url()};
};

TEST_F(RedisPost, BringsTheJobsInTheirOrder) {
  post({job("a"), job("b")});
  post("c");
  EXPECT_THAT(eventually_arrived(3), ElementsAre("a", "b", "c"));
}

TEST_F(RedisPost, BringsEachJobOnceHoweverOftenItIsSent) {
  const auto twice = job("a");
  post({twice, twice});
  post({twice});
  post("b");
  EXPECT_THAT(eventually_arrived(2), ElementsAre("a", "b"));
}

TEST_F(RedisPost, KeepsWhenAJobIsDue) {
  auto later = job("later");
  later.countdown = 1h;
  auto tomorrow = job("tomorrow");
  tomorrow.eta = std::chrono::system_clock::now() + 24h;
  post({later, tomorrow, job("now")});
  EXPECT_THAT(eventually_arrived(1), ElementsAre("now"));
  EXPECT_EQ(receiver.counts().delayed, 2);
}

TEST_F(RedisPost, TakesThousandsOfJobsOfSeveralQueuesAtOnce) {
  constexpr int kEach = 1500;
  std::vector<Outgoing> jobs;
  std::vector<std::string> expected;
  for (int i = 0; i < kEach; ++i) {
    jobs.push_back(job(std::to_string(i)));
    jobs.push_back(job(std::to_string(i), "slow"));
    expected.push_back(std::to_string(i));
  }
  post(jobs);
  EXPECT_EQ(eventually_arrived(kEach), expected);
  EXPECT_TRUE(eventually([&] { return receiver.broker.counts("slow").ready == kEach; }));
}

TEST_F(RedisPost, DoesNotWaitForAnAnswer) {  // P10
  post("a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  server.stop();
  EXPECT_NO_THROW(post("b"));
  EXPECT_NO_THROW(post("c"));
  server.resume();
  EXPECT_THAT(eventually_arrived(2), ElementsAre("b", "c"));
}

TEST_F(RedisPost, DoesNotWaitForTheAnswerToTheFirstJobEither) {  // P10
  server.stop();
  EXPECT_NO_THROW(post("a"));
  server.resume();
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
}

TEST_F(RedisPost, GivesUpOnAServerThatOwesAHundredAnswers) {
  server.stop();
  int sent = 0;
  std::optional<EnqueueFailure> late;
  for (; sent < 1000 && !late; sent += late ? 0 : 1) {
    late = failure([&] { post({job("a"), job("b")}, kShort); });
  }
  EXPECT_THAT(sent, AnyOf(99, 100)) << "the answer to the first one may be still on its way";
  ASSERT_TRUE(late);
  EXPECT_THAT(late->what(), AllOf(HasSubstr("127.0.0.1:"), HasSubstr("does not answer")));
  EXPECT_THAT(late->unsent(), ElementsAre(0, 1));
  EXPECT_TRUE(late->retryable());
  EXPECT_TRUE(late->in_doubt());
}

TEST_F(RedisPost, ConnectsAnewAfterItHasGivenUp) {
  post("a");
  eventually_arrived(1);
  const auto before = connections_received();
  server.stop();
  EXPECT_TRUE(eventually([&] { return failure([&] { post({job("late")}, kShort); }).has_value(); }));
  server.resume();
  post("in time");
  EXPECT_TRUE(eventually([&] {
    const auto arrived = payloads(receiver.fetch(1000));
    return std::ranges::find(arrived, "in time") != arrived.end();
  }));
  EXPECT_EQ(connections_received(), before + 1);
}

TEST_F(RedisPost, GoesOnAsSoonAsAnswersCome) {
  post("a");
  server.stop();
  for (int i = 0; i < 50; ++i) post("b");
  server.resume();
  for (int i = 0; i < 1000; ++i) ASSERT_NO_THROW(post("b")) << "after " << i;
  eventually_arrived(1051);
}

TEST_F(RedisPost, TellsARefusalTheNextTimeAndSendsNothingThen) {
  redis.ask("CONFIG", "SET", "maxmemory", 1);
  EXPECT_NO_THROW(post("refused"));
  await_refusal("OOM");
  redis.ask("CONFIG", "SET", "maxmemory", 0);

  const auto refusal = failure([&] { post({job("not sent"), job("nor this")}); });
  ASSERT_TRUE(refusal);
  EXPECT_THAT(refusal->what(), AllOf(HasSubstr("refused"), HasSubstr("script push"), HasSubstr("OOM"),
                                     HasSubstr("raise its maxmemory")));
  EXPECT_THAT(refusal->unsent(), ElementsAre(0, 1));
  EXPECT_FALSE(refusal->retryable());

  EXPECT_NO_THROW(post("once it is told"));
  EXPECT_THAT(eventually_arrived(1), ElementsAre("once it is told"));
}

TEST_F(RedisPost, IsWithoutTheJobsThatMetAServerWithoutScriptsAndNoLonger) {
  post("a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  redis.ask("SCRIPT", "FLUSH");
  EXPECT_NO_THROW(post("the relay's"));
  await_refusal("NOSCRIPT");
  EXPECT_NO_THROW(post("b"));
  EXPECT_THAT(eventually_arrived(1), ElementsAre("b"));
  EXPECT_NO_THROW(post("c"));
  EXPECT_THAT(eventually_arrived(1), ElementsAre("c"));
}

TEST_F(RedisPost, SendsTheTextOfItsScriptOnce) {
  for (int i = 0; i < 10; ++i) post("a");
  eventually_arrived(10);
  const auto stats = redis.text_of("INFO", "commandstats");
  EXPECT_THAT(stats, HasSubstr("cmdstat_eval:calls=1,"));
  EXPECT_THAT(stats, HasSubstr("cmdstat_evalsha:calls=9,"));
}

TEST_F(RedisPost, ConnectsAnewAfterARestartOfRedis) {
  post("a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  server.kill();
  server.start();
  EXPECT_NO_THROW(post("b"));
  EXPECT_THAT(eventually_arrived(1), ElementsAre("b"));
}

TEST_F(RedisPost, ConnectsAnewWhereAnswersWereStillToCome) {
  post("a");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("a"));
  server.stop();
  post("lost");
  server.kill();
  server.start();
  EXPECT_NO_THROW(post("b"));
  EXPECT_THAT(eventually_arrived(1), ElementsAre("b"));
}

TEST_F(RedisPost, ConnectsAnewAfterItsConnectionWasCut) {
  int sent = 0;
  for (const auto* payload : {"a", "b", "c"}) {
    post(payload);
    ++sent;
    EXPECT_TRUE(eventually([&] { return redis.ask("XLEN", redis.mail().stream)->integer == sent; }))
        << payload;
    redis.cut_others();
  }
  EXPECT_THAT(eventually_arrived(3), ElementsAre("a", "b", "c"));
}

TEST_F(RedisPost, SaysThatNobodyListens) {
  post("a");
  server.kill();
  const auto refused = failure([&] { post({job("b"), job("c")}); });
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->what(), HasSubstr("cannot connect to Redis at 127.0.0.1:"));
  EXPECT_THAT(refused->unsent(), ElementsAre(0, 1));
  EXPECT_TRUE(refused->retryable());
}

TEST_F(RedisPost, ConnectsAnewInAForkedChildAndLeavesTheParentsConnectionAlone) {
  post("parent");
  eventually_arrived(1);
  const auto before = connections_received();
  server.stop();
  post("unanswered");
  const auto child = ::fork();
  if (child == 0) {
    const auto failed = failure([&] { post("child"); });
    ::_exit(failed ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  server.resume();
  EXPECT_THAT(eventually_arrived(2), UnorderedElementsAre("unanswered", "child"));
  EXPECT_EQ(connections_received(), before + 1) << "the child's own";
  post("parent again");
  EXPECT_THAT(eventually_arrived(1), ElementsAre("parent again"));
  EXPECT_EQ(connections_received(), before + 1) << "the parent's serves on";
}

TEST_F(RedisPost, OpensOneConnectionForAllItsCalls) {
  const auto before = connections_received();
  for (int i = 0; i < 10; ++i) post("a");
  eventually_arrived(10);
  EXPECT_EQ(connections_received(), before + 2) << "the poster's, and the receiver's";
}

TEST_F(RedisPost, KeepsApartFromTheConnectionThatAnswers) {
  server.stop();
  post("a");
  server.resume();
  poster.enqueue(std::vector<Outgoing>{{"mail", "b"}}, kTimeout);
  EXPECT_EQ(poster.counts("slow").ready, 0) << "no answer to another command";
  EXPECT_THAT(eventually_arrived(2), UnorderedElementsAre("a", "b"));
}

}  // namespace
}  // namespace aftercommit
