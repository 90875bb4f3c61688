/// What every broker shows an operator page by page, and deletes for one.
#include <optional>
#include <set>

#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class BrokerPages : public EveryBroker {
 protected:
  /// All of a part, by pages of so many.
  std::vector<JobEntry> all_of(JobPart part, std::size_t page_size = 2) {
    std::vector<JobEntry> all;
    std::string after;
    do {
      auto page = broker->jobs("mail", part, after, page_size);
      EXPECT_LE(page.jobs.size(), page_size);
      for (auto& job : page.jobs) all.push_back(std::move(job));
      after = page.next;
    } while (!after.empty());
    return all;
  }
  std::vector<std::string> texts_of(JobPart part, std::size_t page_size = 2) {
    std::vector<std::string> texts;
    for (const auto& job : all_of(part, page_size)) texts.push_back(job.payload);
    return texts;
  }
  std::size_t remove(const std::vector<JobEntry>& jobs, std::optional<JobId> durable = {}) {
    const std::vector<std::optional<JobId>> ids(jobs.size(), durable);
    return broker->remove_jobs("mail", jobs, ids);
  }
};

TEST_P(BrokerPages, ShowEachJobOnceInThePartThatItStandsIn) {
  EXPECT_THAT(all_of(JobPart::kReady), IsEmpty());
  enqueue({{"mail", "held 1"}, {"mail", "held 2"}, {"mail", "aside"}});
  const auto held = fetch(3, kBob);
  ASSERT_THAT(held, SizeIs(3));
  broker->settle(kBob, std::vector<Settlement>{{.kind = Kind::kAside,
                                                .queue = "mail",
                                                .entry = held[2].entry,
                                                .payload = "aside",
                                                .countdown = 1h,
                                                .reason = "database:reports"}});
  enqueue({{"mail", "1"}, {"mail", "2"}, {"mail", "3"}, {"mail", "later", 2h}, {"mail", "soon", 1h}});
  Outgoing urgent{"mail", "urgent"};
  urgent.priority = Priority::kHigh;
  enqueue({urgent});

  EXPECT_THAT(texts_of(JobPart::kReady), ElementsAre("urgent", "1", "2", "3"));
  EXPECT_THAT(texts_of(JobPart::kReady, 1), ElementsAre("urgent", "1", "2", "3"));
  EXPECT_THAT(texts_of(JobPart::kDelayed, 1), ElementsAre("soon", "later"));
  EXPECT_THAT(texts_of(JobPart::kRunning, 1), ElementsAre("held 1", "held 2"));
  const auto running = all_of(JobPart::kRunning);
  EXPECT_EQ(running.at(0).worker, kBob);
  EXPECT_LT(running.at(0).held, 1h);
  const auto aside = all_of(JobPart::kAside);
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(aside[0].reason, "database:reports");
  EXPECT_GT(aside[0].at, std::chrono::system_clock::now() + 30min);
}

TEST_P(BrokerPages, GoThroughManyJobsOfOneTimeAndOneAfterTheOther) {
  const auto eta = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now() + 1h);
  std::vector<Outgoing> jobs;
  std::set<std::string> expected;
  for (int i = 0; i < 1250; ++i) {
    jobs.push_back({.queue = "mail", .payload = "job " + std::to_string(i), .eta = eta});
    expected.insert(jobs.back().payload);
  }
  enqueue(jobs);
  const auto found = texts_of(JobPart::kDelayed, 60);
  EXPECT_EQ(found.size(), expected.size());
  EXPECT_EQ((std::set<std::string>{found.begin(), found.end()}), expected);
}

TEST_P(BrokerPages, LetJobsBeDeletedThatNobodyHasFetchedMeanwhile) {
  const auto id = JobId::generate();
  enqueue({durable_job("durable", id), {"mail", "plain"}, {"mail", "later", 1h}});
  auto ready = all_of(JobPart::kReady);
  ASSERT_THAT(ready, SizeIs(2));
  fetch(1);
  EXPECT_EQ(remove(ready), 1U) << "the first one is a worker's by now";
  EXPECT_TRUE(has(id));
  EXPECT_EQ(remove(ready), 0U);
  EXPECT_EQ(remove(all_of(JobPart::kRunning)), 0U);
  EXPECT_EQ(remove(all_of(JobPart::kDelayed)), 1U);
  expect_counts({.running = 1});

  const auto other = JobId::generate();
  enqueue({durable_job("other", other)});
  EXPECT_EQ(remove(all_of(JobPart::kReady), other), 1U);
  EXPECT_FALSE(has(other)) << "a relay may bring it again";
}

TEST_P(BrokerPages, DeleteWhatStandsAsideTogetherWithItsReason) {
  enqueue({{"mail", "job"}});
  broker->settle(kAnn, std::vector<Settlement>{{.kind = Kind::kAside,
                                                .queue = "mail",
                                                .entry = fetch_one().entry,
                                                .payload = "job",
                                                .countdown = 1h,
                                                .reason = "database:reports"}});
  EXPECT_EQ(remove(all_of(JobPart::kAside)), 1U);
  EXPECT_THAT(broker->aside(mail), IsEmpty());
}

TEST_P(BrokerPages, RefuseAPlaceThatNoPageHasNamed) {
  for (const auto* place : {"nonsense", "9:1-0", "-1"}) {
    EXPECT_THROW(broker->jobs("mail", JobPart::kReady, place, 10), UsageError) << place;
    EXPECT_THROW(broker->jobs("mail", JobPart::kDelayed, place, 10), UsageError) << place;
  }
}

TEST_P(BrokerPages, ShowWhatAWorkerSaysOfItselfForATime) {
  EXPECT_THAT(broker->workers("mail"), IsEmpty());
  const std::vector<Queue> both{"mail", "slow"};
  broker->renew_lease(kAnn, both, 1h);
  broker->renew_lease(kBob, mail, 1h);
  broker->report(kAnn, "mail", "I am Ann", 1h);
  const auto workers = broker->workers("mail");
  ASSERT_THAT(workers, SizeIs(2));
  EXPECT_EQ(workers[0].worker, kAnn);
  EXPECT_EQ(workers[0].report, "I am Ann");
  EXPECT_GT(workers[0].left, 50min);
  EXPECT_EQ(workers[1].report, "") << "as an older one";
  broker->report(kAnn, "mail", "I was Ann", 1ms);
  EXPECT_TRUE(eventually([&] { return broker->workers("mail").at(0).report.empty(); }));
  EXPECT_THAT(broker->queues(), ElementsAre("mail", "slow")) << "what it says is no queue";
}

TEST_P(BrokerPages, ShowLettersOfATimeAndBefore) {
  for (const auto* letter : {"1", "2", "3"}) {
    enqueue({{"mail", "job"}});
    settle(kAnn, to(Kind::kBury, fetch_one(), letter));
  }
  const auto all = broker->dead_letters("mail", 0, 10);
  const auto until = [&](std::chrono::system_clock::time_point time, std::size_t offset) {
    std::vector<std::string> letters;
    for (const auto& entry : broker->dead_letters_until("mail", time, offset, 10))
      letters.push_back(entry.letter);
    return letters;
  };
  EXPECT_THAT(until(std::chrono::system_clock::now() + 1h, 0), SizeIs(3));
  EXPECT_THAT(until(std::chrono::system_clock::now() + 1h, 2), ElementsAre(all.at(2).letter));
  EXPECT_THAT(until(all.at(2).died_at - 1ms, 0), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(For, BrokerPages, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
