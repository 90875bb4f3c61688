/// What every broker shows and does for an operator.
#include <limits>
#include <map>
#include <set>

#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class OperatorsBroker : public EveryBroker {
 protected:
  std::multimap<JobState, std::string> jobs(const Queue& queue = "mail") {
    std::multimap<JobState, std::string> all;
    broker->for_each_job(
        queue, [&](JobState state, std::string_view payload) { all.emplace(state, std::string{payload}); });
    return all;
  }
  void bury(const std::string& letter) {
    enqueue({{"mail", "job"}});
    settle(kAnn, to(Kind::kBury, fetch_one(), letter));
  }
  std::vector<std::string> letters() {
    std::vector<std::string> all;
    for (const auto& entry : broker->dead_letters("mail", 0, 100)) all.push_back(entry.letter);
    return all;
  }
};

TEST_P(OperatorsBroker, NamesAllQueuesInOrder) {
  EXPECT_THAT(broker->queues(), IsEmpty());
  enqueue({{"slow", "a"}, {"mail", "a"}, {"mail", "b", 1h}, {"a.b_c-D9", "later", 1h}});
  broker->relay({"relayed", "shop", "", "page 1"});
  const std::vector<Queue> leased{"leased"};
  broker->renew_lease(kAnn, leased, 1h);
  EXPECT_THAT(broker->queues(), ElementsAre("a.b_c-D9", "leased", "mail", "relayed", "slow"));
}

TEST_P(OperatorsBroker, NamesAQueueWithDeadLettersAlone) {
  bury("letter");
  EXPECT_THAT(broker->queues(), ElementsAre("mail"));
}

TEST_P(OperatorsBroker, NamesAQueueThatATaskIsDeclaredForUntilThatIsForgotten) {
  const DeclaredQueue declared{"mail", "pay"};
  broker->declare_queues({&declared, 1}, 1h);
  EXPECT_THAT(broker->queues(), ElementsAre("mail"));
  EXPECT_EQ(broker->counts("mail").declared_by, "pay");
  EXPECT_EQ(broker->counts("slow").declared_by, "");
  broker->declare_queues({&declared, 1}, 1ms);
  EXPECT_TRUE(eventually([&] { return broker->queues().empty(); }));
  EXPECT_EQ(broker->counts("mail").declared_by, "");
  broker->declare_queues({}, 1h);
}

TEST_P(OperatorsBroker, VisitsEveryJobWithItsState) {
  EXPECT_THAT(jobs(), IsEmpty());
  enqueue({{"mail", "running"}, {"mail", "ready"}, {"mail", "delayed", 1h}, {"slow", "other"}});
  const std::multimap<JobState, std::string> before{
      {JobState::kReady, "running"}, {JobState::kReady, "ready"}, {JobState::kDelayed, "delayed"}};
  EXPECT_EQ(jobs(), before);
  fetch(1);
  const std::multimap<JobState, std::string> after{
      {JobState::kReady, "ready"}, {JobState::kRunning, "running"}, {JobState::kDelayed, "delayed"}};
  EXPECT_EQ(jobs(), after);
}

TEST_P(OperatorsBroker, VisitsThousandsOfJobsOnceEach) {
  constexpr std::size_t kJobs = 1500;
  std::vector<Outgoing> all;
  for (std::size_t i = 0; i < kJobs; ++i) {
    all.push_back({"mail", "ready " + std::to_string(i)});
    all.push_back({"mail", "delayed " + std::to_string(i), 1h});
  }
  enqueue(all);
  const auto running = fetch(kJobs / 2);
  const auto visited = jobs();
  EXPECT_EQ(visited.count(JobState::kRunning), running.size());
  EXPECT_EQ(visited.count(JobState::kReady), kJobs - running.size());
  std::set<std::string> texts;
  for (const auto& [state, payload] : visited) texts.insert(payload);
  EXPECT_EQ(texts.size(), 2 * kJobs);
}

TEST_P(OperatorsBroker, MayBeCalledWhileJobsAreVisited) {
  const auto id = JobId::generate();
  enqueue({durable_job("a", id)});
  broker->for_each_job("mail", [&](JobState, std::string_view) { EXPECT_TRUE(has(id)); });
  broker->for_each_durable("mail", [&](const JobId& job) { EXPECT_TRUE(has(job)); });
}

TEST_P(OperatorsBroker, VisitsThousandsOfDurableJobs) {
  constexpr std::size_t kJobs = 1500;
  std::vector<Outgoing> all;
  std::set<JobId> expected;
  for (std::size_t i = 0; i < kJobs; ++i) {
    const auto id = *expected.insert(JobId::generate()).first;
    all.push_back({"mail", id.str(), {}, {}, id});
  }
  enqueue(all);
  std::set<JobId> visited;
  broker->for_each_durable("mail", [&](const JobId& id) { visited.insert(id); });
  EXPECT_EQ(visited, expected);
}

TEST_P(OperatorsBroker, ShowsTheNewestDeadLettersPageByPage) {
  for (const auto* letter : {"1", "2", "3", "4"}) {
    enqueue({{"mail", "job"}});
    settle(kAnn, to(Kind::kBury, fetch_one(), letter));
  }
  const auto page = [&](std::size_t offset, std::size_t count) {
    std::vector<std::string> letters;
    for (const auto& entry : broker->dead_letters("mail", offset, count)) letters.push_back(entry.letter);
    return letters;
  };
  EXPECT_THAT(page(0, 2), ElementsAre("4", "3"));
  EXPECT_THAT(page(2, 10), ElementsAre("2", "1"));
  EXPECT_THAT(page(0, std::numeric_limits<std::size_t>::max()), SizeIs(4));
  EXPECT_THAT(page(1, std::numeric_limits<std::size_t>::max()), SizeIs(3));
  EXPECT_THAT(page(4, 1), IsEmpty());
  EXPECT_THAT(page(0, 0), IsEmpty());
}

TEST_P(OperatorsBroker, DeletesADeadLetterOnce) {
  bury("1");
  bury("2");
  EXPECT_TRUE(broker->remove_dead_letter("mail", "1"));
  EXPECT_FALSE(broker->remove_dead_letter("mail", "1"));
  EXPECT_FALSE(broker->remove_dead_letter("never used", "2"));
  EXPECT_THAT(letters(), ElementsAre("2"));
  expect_counts({.dead = 1});
}

TEST_P(OperatorsBroker, PutsAJobInThePlaceOfItsDeadLetter) {
  bury("letter");
  const Outgoing job{"mail", "once more"};
  EXPECT_TRUE(broker->remove_dead_letter("mail", "letter", &job));
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("once more"));
}

TEST_P(OperatorsBroker, PutsNoJobInThePlaceOfALetterThatIsGone) {
  bury("letter");
  const Outgoing job{"mail", "once more"};
  EXPECT_TRUE(broker->remove_dead_letter("mail", "letter"));
  EXPECT_FALSE(broker->remove_dead_letter("mail", "letter", &job));
  expect_counts({});
}

TEST_P(OperatorsBroker, PutsADelayedOrDurableJobInThePlaceOfItsDeadLetter) {
  bury("1");
  bury("2");
  const Outgoing later{"mail", "later", 1h};
  const auto durable = durable_job("durable");
  EXPECT_TRUE(broker->remove_dead_letter("mail", "1", &later));
  EXPECT_TRUE(broker->remove_dead_letter("mail", "2", &durable));
  expect_counts({.ready = 1, .delayed = 1});
  EXPECT_TRUE(has(*durable.durable));
}

TEST_P(OperatorsBroker, RefusesAJobOfAnotherQueueForADeadLetter) {
  bury("letter");
  const Outgoing job{"slow", "once more"};
  EXPECT_THROW(broker->remove_dead_letter("mail", "letter", &job), UsageError);
  expect_counts({.dead = 1});
}

TEST_P(OperatorsBroker, SaysHowLongTheFirstJobHasBeenThere) {
  EXPECT_EQ(broker->counts("mail").oldest, std::nullopt);
  enqueue({{"mail", "later", 1h}});
  EXPECT_EQ(broker->counts("mail").oldest, std::nullopt);
  enqueue({{"mail", "a"}});
  EXPECT_TRUE(eventually([&] { return broker->counts("mail").oldest > 5ms; }));
  const auto job = fetch_one();
  EXPECT_GT(broker->counts("mail").oldest, 5ms);
  enqueue({{"mail", "b"}});
  EXPECT_GT(broker->counts("mail").oldest, 5ms);
  settle(kAnn, to(Kind::kAck, job));
  EXPECT_LT(broker->counts("mail").oldest, 1h);
  settle(kAnn, to(Kind::kAck, fetch_one()));
  EXPECT_EQ(broker->counts("mail").oldest, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(For, OperatorsBroker, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
