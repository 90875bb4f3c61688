/// Levels of urgency in every broker: each has its share, and a job keeps its own whatever becomes of it.
#include <future>
#include <map>

#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class JobLevels : public EveryBroker {
 protected:
  static Outgoing at(Priority level, std::string payload) {
    Outgoing job{"mail", std::move(payload)};
    job.priority = level;
    return job;
  }
  /// One job of each level, named after it, the least urgent first.
  static std::vector<Outgoing> one_of_each() {
    std::vector<Outgoing> jobs;
    for (const auto level : kAllLevels) jobs.push_back(at(level, std::string{name_of(level)}));
    return {jobs.rbegin(), jobs.rend()};
  }
  static std::vector<Outgoing> durable(std::vector<Outgoing> jobs) {
    for (auto& job : jobs) job.durable = JobId::generate();
    return jobs;
  }

  /// The jobs of one_of_each(), and nothing else, are ready, each at its own level.
  void expect_all_ready_at_their_levels() {
    EXPECT_THAT(broker->counts("mail").ready_at, Each(1));
    EXPECT_THAT(payloads(fetch(10)), ElementsAre("critical", "high", "normal", "low"));
  }

  /// Settles all jobs in one call.
  void settle_all(const std::vector<Fetched>& jobs, Kind kind, Millis countdown = 0ms) {
    std::vector<Settlement> settlements;
    for (const auto& job : jobs) {
      settlements.push_back({kind, job.queue, job.entry, job.payload, countdown});
      if (kind == Kind::kAside) settlements.back().reason = "task:later";
    }
    EXPECT_THAT(broker->settle(kAnn, settlements), Each(Settled::kDone));
  }
};

TEST_P(JobLevels, AreHandedOutTheMostUrgentFirstAndEachFromItsOldestJob) {
  enqueue({at(Priority::kLow, "l1"), at(Priority::kLow, "l2"), at(Priority::kNormal, "n1"),
           at(Priority::kCritical, "c1"), at(Priority::kHigh, "h1"), at(Priority::kCritical, "c2"),
           at(Priority::kNormal, "n2")});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("c1", "c2", "h1", "n1", "n2", "l1", "l2"));
}

TEST_P(JobLevels, HaveSharesSoThatNoneStarves) {
  std::vector<Outgoing> jobs;
  for (int i = 0; i < 20; ++i) {
    for (const auto level : kAllLevels) jobs.push_back(at(level, std::string{name_of(level)}));
  }
  enqueue(jobs);
  std::map<std::string, int> fetched;
  for (std::size_t i = 0; i < LevelShares::kRound; ++i) ++fetched[fetch_one().payload];
  EXPECT_EQ(fetched, (std::map<std::string, int>{{"critical", 8}, {"high", 4}, {"normal", 2}, {"low", 1}}));
  for (const auto& payload : payloads(fetch(30))) ++fetched[payload];
  EXPECT_EQ(fetched["low"], 3) << "however many are fetched at once";
}

TEST_P(JobLevels, LeaveWhatTheyDoNotUseToTheMostUrgentThatHasMore) {
  std::vector<Outgoing> jobs(20, at(Priority::kHigh, "high"));
  jobs.resize(40, at(Priority::kLow, "low"));
  enqueue(jobs);
  std::map<std::string, int> fetched;
  for (const auto& payload : payloads(fetch(15))) ++fetched[payload];
  EXPECT_EQ(fetched, (std::map<std::string, int>{{"high", 14}, {"low", 1}}));
  EXPECT_THAT(fetch(100), SizeIs(25)) << "and no place stays empty";
}

TEST_P(JobLevels, AreNoticedByAWorkerThatHasFoundNoneBefore) {
  EXPECT_THAT(fetch(1), IsEmpty());
  another()->enqueue(std::vector{at(Priority::kLow, "low")}, kTimeout);
  EXPECT_TRUE(eventually(
      [&] { return payloads(broker->fetch(kAnn, mail, 5, kShortWait)) == std::vector<std::string>{"low"}; }));
  another()->enqueue(std::vector{at(Priority::kHigh, "high")}, kTimeout);
  EXPECT_THAT(payloads(broker->fetch(kAnn, mail, 5, kTimeout)), ElementsAre("high"));
  auto later = std::async(std::launch::async, [&] {
    another()->enqueue(std::vector{at(Priority::kCritical, "critical")}, kTimeout);
  });
  EXPECT_THAT(payloads(broker->fetch(kAnn, mail, 5, kTimeout)), ElementsAre("critical")) << "and waited for";
}

TEST_P(JobLevels, AreServedBesideOtherQueues) {
  const std::vector<Queue> both{"urgent", "mail"};
  enqueue({at(Priority::kLow, "low"), {"urgent", "first"}, at(Priority::kCritical, "critical")});
  EXPECT_THAT(payloads(broker->fetch(kAnn, both, 10, kNoWait)), ElementsAre("first", "critical", "low"));
}

TEST_P(JobLevels, AreKeptByJobsThatGoBackOrAreTriedAgain) {
  enqueue(one_of_each());
  settle_all(fetch(10), Kind::kRelease);
  auto jobs = fetch(10);
  EXPECT_THAT(payloads(jobs), ElementsAre("critical", "high", "normal", "low"));
  settle_all(jobs, Kind::kRetry);
  expect_counts({.delayed = 4});
  promote_when_due(4);
  expect_all_ready_at_their_levels();
}

TEST_P(JobLevels, AreKeptByJobsThatStoodAside) {
  enqueue(one_of_each());
  settle_all(fetch(10), Kind::kAside, 1h);
  EXPECT_EQ(broker->aside(mail).at(0).jobs, 4U);
  expect_counts({.delayed = 4});
  EXPECT_EQ(broker->bring_back("mail", "task:later", 2, true), 2U);
  EXPECT_EQ(broker->bring_back("mail", "task:later", 100, true), 2U);
  EXPECT_THAT(broker->aside(mail), IsEmpty());
  expect_all_ready_at_their_levels();
}

TEST_P(JobLevels, AreKeptByJobsOfAWorkerThatDied) {
  enqueue(one_of_each());
  const auto jobs = fetch(10);
  std::vector<std::string> entries;
  for (const auto& job : jobs) entries.push_back(job.entry);
  EXPECT_THAT(payloads(broker->held_by(kAnn, "mail", entries)),
              UnorderedElementsAre("critical", "high", "normal", "low"));
  broker->retire(kAnn, mail);
  EXPECT_THAT(broker->leases(mail, 1h), SizeIs(1)) << "it holds jobs of every level";
  EXPECT_EQ(broker->recover(kAnn, mail, 3, ""), 3U);
  EXPECT_EQ(broker->recover(kAnn, mail, 100, ""), 1U);
  EXPECT_THAT(broker->leases(mail, 1h), IsEmpty());
  expect_all_ready_at_their_levels();
}

TEST_P(JobLevels, AreKeptByDurableAndDelayedJobsOnceEach) {
  auto jobs = durable(one_of_each());
  enqueue(jobs);
  EXPECT_TRUE(broker->relay({"mail", "shop", "", "page 1", jobs}));
  expect_all_ready_at_their_levels();

  jobs = durable(one_of_each());
  for (auto& job : jobs) job.countdown = 1ms;
  EXPECT_TRUE(broker->relay({"mail", "shop", "page 1", "page 2", jobs}));
  auto later = one_of_each();
  for (auto& job : later) job.countdown = 1h;
  for (auto& job : later) job.payload += " later";
  enqueue(later);
  promote_when_due(4);
  expect_all_ready_at_their_levels();
  expect_counts({.running = 8, .delayed = 4});
}

TEST_P(JobLevels, AreSettledForGoodAndSeenByAnOperator) {
  auto jobs = durable(one_of_each());
  enqueue(jobs);
  std::map<std::string, JobState> seen;
  const auto look = [&] {
    seen.clear();
    broker->for_each_job("mail",
                         [&](JobState state, std::string_view text) { seen[std::string{text}] = state; });
  };
  look();
  EXPECT_THAT(seen, SizeIs(4));
  auto critical = fetch_one();
  ASSERT_EQ(critical.payload, "critical");
  look();
  EXPECT_EQ(seen.at("critical"), JobState::kRunning);
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, critical, *jobs[3].durable)), Settled::kDone);
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, critical, *jobs[3].durable)), Settled::kNotPending);
  EXPECT_FALSE(has(*jobs[3].durable));
  for (const auto& job : fetch(10)) settle(kAnn, to(Kind::kBury, job, "letter of " + job.payload));
  expect_counts({.dead = 3});
  const auto again = at(Priority::kLow, "again");
  EXPECT_TRUE(broker->remove_dead_letter("mail", "letter of low", &again));
  EXPECT_EQ(broker->counts("mail").ready_at.at(index_of(Priority::kLow)), 1);
}

TEST_P(JobLevels, ArePausedTogetherWhichIsToldAndChangesNothingForWhoFetches) {
  const std::vector<Queue> both{"mail", "slow"};
  EXPECT_TRUE(broker->pause("mail"));
  EXPECT_FALSE(broker->pause("mail")) << "it was";
  const auto since = another()->paused_since(both);
  EXPECT_TRUE(since.at(0));
  EXPECT_FALSE(since.at(1));
  EXPECT_TRUE(broker->counts("mail").paused);
  EXPECT_THAT(broker->queues(), ElementsAre("mail"));
  enqueue(one_of_each());
  EXPECT_THAT(fetch(10), SizeIs(4));
  EXPECT_TRUE(another()->resume("mail"));
  EXPECT_FALSE(broker->resume("mail"));
  EXPECT_FALSE(broker->paused_since(both).at(0));
}

INSTANTIATE_TEST_SUITE_P(For, JobLevels, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
