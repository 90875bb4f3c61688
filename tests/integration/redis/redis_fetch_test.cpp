/// How a broker in Redis reads several queues: in exact order, with few round trips, whatever is wrong with
/// one.
#include <algorithm>
#include <future>
#include <random>
#include <set>

#include "support/fixtures/redis_test.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

constexpr std::size_t kMany = 100;  // more than are read together with other queues

std::vector<Queue> queues_of(const std::vector<Fetched>& jobs) {
  std::vector<Queue> queues;
  for (const auto& job : jobs) queues.push_back(job.queue);
  return queues;
}

std::vector<Queue> queues_named(std::size_t count) {
  std::vector<Queue> queues;
  for (std::size_t i = 0; i < count; ++i) queues.push_back("q" + std::to_string(i));
  return queues;
}

class RedisFetch : public RedisTest {
 protected:
  std::vector<std::string> fetch(std::size_t count, Millis wait = kNoWait) {
    return payloads(calls.broker.fetch(kAnn, queues, count, wait));
  }

  std::size_t handed_out = 0;
  const std::vector<Queue> queues = queues_named(5);
};

TEST_F(RedisFetch, HandsOutJobsOfTheSameQueuesInTheSameOrderAsABrokerInMemory) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto below = [&](std::size_t end) { return random() % end; };
  const auto memory = make_broker("memory://" + unique_name("fetch"));
  auto order = queues;
  std::size_t made = 0;
  std::set<std::string> seen;
  for (int round = 0; round < 300; ++round) {
    std::vector<Outgoing> jobs;
    for (auto bursts = below(4); bursts > 0; --bursts) {
      const auto& queue = queues[below(queues.size())];
      for (auto burst = 1 + below(below(2) == 0 ? 4 : 60); burst > 0; --burst) {
        jobs.push_back({queue, std::to_string(made++)});
      }
    }
    memory->enqueue(jobs, kTimeout);
    calls.enqueue(jobs);
    if (below(2) == 0) std::ranges::shuffle(order, random);
    const auto count = 1 + below(below(2) == 0 ? 4 : 80);
    const auto ours = calls.broker.fetch(kAnn, order, count, kNoWait);
    ASSERT_EQ(queues_of(ours), queues_of(memory->fetch(kAnn, order, count, kNoWait))) << "round " << round;
    for (const auto& job : ours) EXPECT_TRUE(seen.insert(job.payload).second) << job.payload;
  }
  for (const auto& queue : queues) {
    EXPECT_EQ(calls.broker.counts(queue).ready, memory->counts(queue).ready);
  }
  for (const auto& payload : fetch(made)) EXPECT_TRUE(seen.insert(payload).second) << payload;
  EXPECT_EQ(seen.size(), made);
}

TEST_F(RedisFetch, PrefersAQueueThatHadNothingForLong) {
  fetch(1);
  const auto first = [&](std::size_t count, const Queue& queue, std::size_t of_queue) {
    std::vector<Queue> expected(of_queue, queue);
    expected.resize(count, "q4");
    EXPECT_EQ(queues_of(calls.broker.fetch(kAnn, queues, count, kNoWait)), expected);
    handed_out += count;
    std::size_t running = 0;
    for (const auto& each : queues) running += static_cast<std::size_t>(calls.broker.counts(each).running);
    EXPECT_EQ(running, handed_out) << "and none stands in its name that was not handed out";
  };
  const auto quiet = [&] {
    for (int i = 0; i < 10; ++i) first(20, "", 0);
  };
  calls.enqueue(std::vector<Outgoing>(20 * kMany, {"q4", "backlog"}));
  for (const std::size_t few : {1, 5, 20}) {
    quiet();
    calls.enqueue(std::vector<Outgoing>(few, {"q0", "a"}));
    first(20, "q0", few);
    quiet();
    calls.enqueue(std::vector<Outgoing>(50, {"q1", "b"}));
    first(20, "q1", 20);
    first(60, "q1", 30);
  }
}

TEST_F(RedisFetch, LeavesNoJobInTheWorkersNameThatItDidNotHandOut) {
  fetch(1);
  for (const auto& queue : queues) calls.enqueue(std::vector<Outgoing>(3 * kMany, {queue, queue}));
  for (std::size_t count = 1; count < kMany; count += 7) {
    const auto jobs = calls.broker.fetch(kAnn, queues, count, kNoWait);
    EXPECT_EQ(jobs.size(), count);
    handed_out += jobs.size();
    std::size_t running = 0;
    for (const auto& queue : queues) running += static_cast<std::size_t>(calls.broker.counts(queue).running);
    EXPECT_EQ(running, handed_out);
  }
}

TEST_F(RedisFetch, ReadsTheOtherQueuesWhateverIsWrongWithOne) {
  fetch(1);
  redis.ask("SET", redis.keys("q1").stream, "mine");
  for (int again = 0; again < 3; ++again) {
    calls.enqueue({{"q0", "a"}, {"q2", "b"}, {"q4", "c"}});
    EXPECT_THAT(fetch(3), ElementsAre("a", "b", "c"));
  }
  EXPECT_THAT(complaint<BrokerRefused>([&] { fetch(3); }),
              HasSubstr("XREADGROUP on " + redis.keys("q1").stream));
  redis.ask("DEL", redis.keys("q1").stream);
  calls.enqueue({{"q1", "repaired"}});
  EXPECT_THAT(fetch(3), ElementsAre("repaired"));
}

TEST_F(RedisFetch, ReadsTheOtherQueuesBesideOneThatRedisHasLost) {
  fetch(1);
  redis.ask("DEL", redis.keys("q1").stream);
  calls.enqueue({{"q0", "a"}, {"q2", "b"}});
  EXPECT_THAT(fetch(3), ElementsAre("a", "b"));
  calls.enqueue({{"q1", "c"}});
  EXPECT_THAT(fetch(3), ElementsAre("c"));
}

TEST_F(RedisFetch, WaitsOnAllQueuesOnceItHasFoundThemEmpty) {
  EXPECT_THAT(fetch(3, Millis{1}), IsEmpty());
  auto enqueue_later = std::async(std::launch::async, [&] { Calls{url}.enqueue({{"q3", "a"}}); });
  EXPECT_THAT(fetch(3, kTimeout), ElementsAre("a"));
}

using RedisFetchAlone = PrivateRedisTest;

TEST_F(RedisFetchAlone, ReadsManyEmptyQueuesInOneRoundTrip) {
  const auto queues = queues_named(64);
  calls.broker.fetch(kAnn, queues, kMany, kNoWait);
  const auto messages = [&] {
    const auto stats = redis.text_of("INFO", "stats");
    const std::string_view name = "total_reads_processed:";
    return std::stol(stats.substr(stats.find(name) + name.size()));
  };
  constexpr long kMeasuring = 1;
  const auto reads_for = [&](std::size_t jobs) {
    const auto before = messages();
    EXPECT_THAT(calls.broker.fetch(kAnn, queues, kMany, kNoWait), SizeIs(jobs));
    return messages() - before - kMeasuring;
  };
  EXPECT_EQ(reads_for(0), 1);
  calls.enqueue(std::vector<Outgoing>(3 * kMany, {"q63", "a"}));
  EXPECT_EQ(reads_for(kMany), 2) << "one for the queue that turns out to have many";
  calls.enqueue({{"q0", "b"}, {"q40", "c"}});
  EXPECT_EQ(reads_for(kMany), 2) << "a job here and there makes no difference";
  calls.enqueue(std::vector<Outgoing>(10 * kMany, {"q63", "a"}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(reads_for(kMany), 2) << "one for it, one for those before";
  for (int i = 0; i < 7; ++i) EXPECT_EQ(reads_for(kMany), 1) << "where the others stay empty";
  EXPECT_EQ(reads_for(2), 1);
  EXPECT_EQ(reads_for(0), 1) << "now that it has few";
}

TEST_F(RedisFetchAlone, ReadsTheQueuesThatItMayReadWhereRedisRefusesToReadThemTogether) {
  redis.ask("ACL", "SETUSER", "ann", "on", ">s3cret", "~ac:{q0}*", "~ac:{q2}*", "+@all");
  Calls ann{"redis://ann:s3cret@127.0.0.1:" + std::to_string(server.port())};
  const auto queues = queues_named(3);
  for (int again = 0; again < 3; ++again) {
    calls.enqueue({{"q0", "a"}, {"q1", "forbidden"}, {"q2", "b"}});
    const auto jobs = ann.broker.fetch(kAnn, queues, 2, kNoWait);
    EXPECT_THAT(payloads(jobs), ElementsAre("a", "b"));
    for (const auto& job : jobs) ann.settle(Kind::kAck, job);
  }
  EXPECT_THAT(complaint<BrokerRefused>([&] { ann.broker.fetch(kAnn, queues, 2, kNoWait); }),
              HasSubstr("NOPERM"));
}

}  // namespace
}  // namespace aftercommit
