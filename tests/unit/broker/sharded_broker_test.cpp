/// The brokers of several shards, in memory, seen as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/shards.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = Settlement::Kind;

class ShardedBrokerTest : public ::testing::Test {
 protected:
  static std::string fresh_urls() {
    static int tests = 0;
    const auto name = "memory://sharded-" + std::to_string(++tests);
    return name + "-a " + name + "-b " + name + "-c";
  }

  std::unique_ptr<Broker> of_shard(std::size_t number) const { return make_broker(shards.at(number).url); }

  Outgoing durable_of(std::size_t shard, const Queue& queue = "mail") const {
    auto id = JobId::generate();
    while (shards.of(id) != shard) id = JobId::generate();
    return {.queue = queue, .payload = id.str(), .durable = id};
  }
  void enqueue(std::vector<Outgoing> jobs) { broker->enqueue(jobs, 1s); }
  void enqueue_one_in_each() { enqueue({durable_of(0), durable_of(1), durable_of(2)}); }
  std::vector<Fetched> fetch(std::size_t count) { return broker->fetch("ann", queues, count, 0ms); }

  const std::string urls = fresh_urls();
  const Shards shards{urls};
  const std::vector<Queue> queues{"mail"};
  const std::unique_ptr<Broker> broker = make_broker(urls);
};

TEST_F(ShardedBrokerTest, SendsEachDurableJobToTheShardThatItBelongsTo) {
  enqueue({durable_of(0), durable_of(1), durable_of(1), durable_of(2), durable_of(2), durable_of(2)});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(of_shard(i)->counts("mail").ready, static_cast<long>(i + 1));
  EXPECT_EQ(broker->counts("mail").ready, 6);
}

TEST_F(ShardedBrokerTest, SendsAJobThatWaitsAndComesAgainToTheShardThatHasIt) {
  const std::vector<Outgoing> jobs{{.queue = "mail", .payload = "later", .countdown = 1h}};
  for (int i = 0; i < 5; ++i) broker->enqueue(jobs, 1s);
  EXPECT_EQ(broker->counts("mail").delayed, 1);
}

TEST_F(ShardedBrokerTest, SettlesWhereTheJobWasFetched) {
  enqueue_one_in_each();
  const auto jobs = fetch(10);
  ASSERT_THAT(jobs, SizeIs(3));
  std::vector<Settlement> done;
  for (const auto& job : jobs) done.push_back({.kind = Kind::kAck, .queue = job.queue, .entry = job.entry});
  EXPECT_THAT(broker->settle("ann", done), ElementsAre(Settled::kDone, Settled::kDone, Settled::kDone));
  EXPECT_EQ(broker->counts("mail").running, 0);
  EXPECT_THAT(broker->settle("ann", done), ::testing::Each(Settled::kNotPending));
}

TEST_F(ShardedBrokerTest, GivesWhatAWorkerFetchesFromOneShardTheNameOfThat) {
  enqueue_one_in_each();
  std::set<std::string> entries;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto intake = intake_of_shard(of_shard(i), i);
    const auto jobs = intake->fetch("ann", queues, 10, 0ms);
    ASSERT_THAT(jobs, SizeIs(1));
    entries.insert(jobs[0].entry);
    EXPECT_THAT(intake->held_by("ann", "mail", {&jobs[0].entry, 1}), SizeIs(1));
    EXPECT_THAT(broker->held_by("ann", "mail", {&jobs[0].entry, 1}), SizeIs(1))
        << "as a report of a crash asks";
    const Settlement done{.kind = Kind::kAck, .queue = "mail", .entry = jobs[0].entry};
    EXPECT_THAT(intake->settle("ann", {&done, 1}), ElementsAre(Settled::kDone));
  }
  EXPECT_THAT(entries, SizeIs(3)) << "shards number their entries alike";
}

TEST_F(ShardedBrokerTest, RecoversAllOfAWorkerAndFromAMarkWhatIsInItsShard) {
  enqueue_one_in_each();
  fetch(10);
  broker->renew_lease("ann", queues, 1h);
  const auto views = broker->leases(queues, 1h);
  ASSERT_THAT(views, SizeIs(3));
  EXPECT_EQ(broker->recover("ann", queues, 10, views[1].mark), 1U);
  EXPECT_EQ(broker->recover("ann", queues, 10, ""), 2U);
  EXPECT_EQ(broker->counts("mail").ready, 3);
}

TEST_F(ShardedBrokerTest, SumsUpWhatStandsAsideAndBringsItBackFromAllShards) {
  enqueue_one_in_each();
  std::vector<Settlement> aside;
  for (const auto& job : fetch(10)) {
    aside.push_back({.kind = Kind::kAside,
                     .queue = job.queue,
                     .entry = job.entry,
                     .payload = job.payload,
                     .countdown = 1h,
                     .reason = "database:reports"});
  }
  broker->settle("ann", aside);
  const auto all = broker->aside(queues);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].jobs, 3U);
  EXPECT_EQ(broker->bring_back("mail", "database:reports", 2, true), 2U);
  EXPECT_EQ(broker->bring_back("mail", "database:reports", 2, true), 1U);
  EXPECT_EQ(broker->counts("mail").ready, 3);
}

TEST_F(ShardedBrokerTest, ListsTheJobsOfOneShardAfterThoseOfTheOtherAndRemovesThemThere) {
  for (int i = 0; i < 3; ++i) enqueue_one_in_each();
  std::vector<JobEntry> found;
  std::set<std::string> payloads;
  std::string after;
  int pages = 0;
  do {
    auto page = broker->jobs("mail", JobPart::kReady, after, 2);
    for (auto& job : page.jobs) {
      payloads.insert(job.payload);
      found.push_back(std::move(job));
    }
    after = page.next;
    ASSERT_LT(++pages, 20);
  } while (!after.empty());
  EXPECT_THAT(payloads, SizeIs(9));
  EXPECT_THAT(found, SizeIs(9));
  const std::vector<std::optional<JobId>> durable(found.size());
  EXPECT_EQ(broker->remove_jobs("mail", found, durable), 9U);
  EXPECT_EQ(broker->counts("mail").ready, 0);
}

TEST_F(ShardedBrokerTest, MergesDeadLettersTheNewestFirstAndRemovesOneWhereItIs) {
  for (int i = 0; i < 2; ++i) enqueue_one_in_each();
  int died = 0;
  for (const auto& job : fetch(10)) {
    const Settlement bury{.kind = Kind::kBury,
                          .queue = "mail",
                          .entry = job.entry,
                          .payload = "letter " + std::to_string(++died)};
    broker->settle("ann", {&bury, 1});
  }
  const auto all = broker->dead_letters("mail", 0, 100);
  ASSERT_THAT(all, SizeIs(6));
  EXPECT_TRUE(std::ranges::is_sorted(all, std::ranges::greater{}, &DeadLetterEntry::died_at));
  std::vector<std::string> paged;
  for (std::size_t offset = 0; offset < 6; offset += 2) {
    for (const auto& letter : broker->dead_letters("mail", offset, 2)) paged.push_back(letter.letter);
  }
  EXPECT_THAT(std::set<std::string>(paged.begin(), paged.end()), SizeIs(6));
  EXPECT_TRUE(broker->remove_dead_letter("mail", "letter 3"));
  EXPECT_FALSE(broker->remove_dead_letter("mail", "letter 3"));
  EXPECT_EQ(broker->counts("mail").dead, 5);
}

TEST_F(ShardedBrokerTest, CountsAWorkerOnceThoughItHasALeaseInEachShard) {
  broker->renew_lease("ann", queues, 1h);
  broker->report("ann", "mail", "{}", 1h);
  EXPECT_EQ(broker->counts("mail").workers, 1);
  const auto workers = broker->workers("mail");
  ASSERT_THAT(workers, SizeIs(1));
  EXPECT_EQ(workers[0].report, "{}");
}

TEST_F(ShardedBrokerTest, PausesAQueueInAllShardsAndFindsItPausedWhereOneSaysSo) {
  EXPECT_TRUE(broker->pause("mail"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(of_shard(i)->paused_since(queues)[0]);
  of_shard(0)->resume("mail");
  EXPECT_TRUE(broker->paused_since(queues)[0]);
  EXPECT_TRUE(broker->resume("mail"));
  EXPECT_FALSE(broker->paused_since(queues)[0]);
}

/// One that answers, and one that does not.
class HalfABroker : public ::testing::Test {
 protected:
  static std::string fresh_name() {
    static int tests = 0;
    return "memory://half-" + std::to_string(++tests);
  }

  const std::string there = fresh_name();
  const std::string urls = there + " redis://127.0.0.1:1/0?shard=" + there.substr(9);
  const Shards shards{urls};
  const std::unique_ptr<Broker> broker = make_broker(urls);
  const std::unique_ptr<Broker> alone = make_broker(there);
};

TEST_F(HalfABroker, ResumesAQueueWhereItCanThoughItSaysWhatFails) {
  alone->pause("mail");
  EXPECT_THROW(broker->resume("mail"), Error);
  EXPECT_FALSE(alone->paused_since(std::vector<Queue>{"mail"})[0].has_value());
}

TEST_F(HalfABroker, PausesAQueueWhereItCanThoughItSaysWhatFails) {
  EXPECT_THROW(broker->pause("mail"), Error);
  EXPECT_TRUE(alone->paused_since(std::vector<Queue>{"mail"})[0].has_value());
}

TEST_F(HalfABroker, AsksAShardThatWasLeftOutBeforeAJobFails) {
  tell_shard_away(shards.at(0).state, true);
  for (int i = 0; i < 8; ++i) {  // of some the one that is away comes first, of some the other
    const std::vector<Outgoing> jobs{{.queue = "mail", .payload = "job " + std::to_string(i)}};
    EXPECT_NO_THROW(broker->enqueue(jobs, 1s));
  }
  EXPECT_EQ(alone->counts("mail").ready, 8);
  tell_shard_away(shards.at(0).state, false);
}

TEST_F(ShardedBrokerTest, HasARelayPartOfEachShardWhichTakesItsJobsAlone) {
  const auto parts = broker->relay_parts();
  ASSERT_THAT(parts, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto job = durable_of(i);
    EXPECT_TRUE(parts[i].share.has(*job.durable));
    EXPECT_FALSE(parts[(i + 1) % 3].share.has(*job.durable));
    EXPECT_TRUE(
        parts[i].target.relay({.queue = "mail", .source = "s", .expected = "", .next = "1", .jobs = {job}}));
    EXPECT_THAT(broker->has_durable("mail", {&*job.durable, 1}), ElementsAre(true));
  }
  EXPECT_THAT(make_broker(shards.at(0).url)->relay_parts(), SizeIs(1));
}

}  // namespace
}  // namespace aftercommit
