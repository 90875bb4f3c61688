/// What every broker must do: the sentences of broker.hpp, run against each implementation.
#include <future>
#include <set>

#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

/// Of a job that must not be due yet when the test looks; it is waited for.
constexpr auto kUnlessHeldUp = 500ms;

// enqueue and fetch

TEST_P(EveryBroker, HandsOutTheOldestJobsFirst) {
  enqueue({{"mail", "a"}, {"mail", "b"}});
  enqueue({{"mail", "c"}});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a", "b", "c"));
}

TEST_P(EveryBroker, HandsOutNoMoreThanAskedFor) {
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}});
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("a", "b"));
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("c"));
}

TEST_P(EveryBroker, HandsOutAJobOnce) {
  enqueue({{"mail", "a"}, {"mail", "b"}});
  EXPECT_THAT(payloads(fetch(1, kAnn)), ElementsAre("a"));
  EXPECT_THAT(payloads(fetch(2, kBob)), ElementsAre("b"));
  EXPECT_THAT(fetch(2, kAnn), IsEmpty());
}

TEST_P(EveryBroker, NamesQueueAndEntryOfEachHandOver) {
  enqueue({{"mail", "same"}, {"mail", "same"}});
  const auto jobs = fetch(2);
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[0].queue, "mail");
  EXPECT_NE(jobs[0].entry, jobs[1].entry);
}

TEST_P(EveryBroker, KeepsPayloadsByteForByte) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string large(2 << 20, 'x');
  enqueue({{"mail", every_byte}, {"mail", ""}, {"mail", large}});
  EXPECT_THAT(payloads(fetch(3)), ElementsAre(every_byte, "", large));
}

TEST_P(EveryBroker, TakesNoJobsAtAll) {
  enqueue({});
  EXPECT_THAT(fetch(1), IsEmpty());
}

TEST_P(EveryBroker, TakesThousandsOfJobsInOneCall) {
  constexpr std::size_t kJobs = 2500;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) {
    jobs.push_back({"mail", "ready " + std::to_string(i)});
    jobs.push_back({"mail", "delayed " + std::to_string(i), 1h});
  }
  enqueue(jobs);
  expect_counts({.ready = kJobs, .delayed = kJobs});
  EXPECT_THAT(fetch(2 * kJobs), SizeIs(kJobs));
}

TEST_P(EveryBroker, PrefersTheFirstQueueThatHasJobs) {
  const std::vector<Queue> queues{"urgent", "mail", "slow"};
  enqueue({{"slow", "s"}, {"mail", "m"}, {"urgent", "u1"}, {"urgent", "u2"}});
  EXPECT_THAT(payloads(broker->fetch(kAnn, queues, 3, kNoWait)), ElementsAre("u1", "u2", "m"));
  EXPECT_THAT(payloads(broker->fetch(kAnn, queues, 3, kNoWait)), ElementsAre("s"));
}

TEST_P(EveryBroker, FetchesFromTheNamedQueuesOnly) {
  enqueue({{"slow", "s"}});
  EXPECT_THAT(fetch(1), IsEmpty());
}

TEST_P(EveryBroker, FetchesNothingWhereNothingIsAskedFor) {
  enqueue({{"mail", "a"}});
  EXPECT_THAT(broker->fetch(kAnn, mail, 0, kTimeout), IsEmpty());
  EXPECT_THAT(broker->fetch(kAnn, {}, 1, kTimeout), IsEmpty());
  expect_counts({.ready = 1});
}

TEST_P(EveryBroker, WaitsNoLongerThanAllowedForAJob) {
  const std::vector<Queue> both{"mail", "slow"};
  for (const auto& queues : {mail, both}) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(broker->fetch(kAnn, queues, 1, kShortWait), IsEmpty());
    const auto waited = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(waited, kShortWait - 5ms);  // Redis counts in whole milliseconds of its own
    EXPECT_LT(waited, kTimeout);
  }
}

TEST_P(EveryBroker, HandsOutAJobAsSoonAsItComes) {
  const std::vector<Queue> both{"mail", "slow"};
  for (const auto& queues : {mail, both}) {
    auto waiting =
        std::async(std::launch::async, [&] { return another()->fetch(kAnn, queues, 10, kTimeout); });
    EXPECT_EQ(waiting.wait_for(kShortWait), std::future_status::timeout);
    enqueue({{queues.back(), "a"}});
    EXPECT_THAT(payloads(waiting.get()), ElementsAre("a"));
  }
}

TEST_P(EveryBroker, HandsOutNoMoreThanAskedForAfterWaitingOnSeveralQueues) {
  constexpr std::size_t kRounds = 50;
  std::vector<Queue> queues{"a", "b"};
  for (int i = 0; i < 30; ++i)
    queues.push_back("empty" + std::to_string(i));  // while they are read, jobs come
  std::multiset<std::string> handed_out;
  auto worker = std::async(std::launch::async, [&] {
    const auto own = another();
    while (handed_out.size() < 2 * kRounds) {
      const auto jobs = own->fetch(kAnn, queues, 1, 1ms);
      if (jobs.size() > 1) return false;
      for (const auto& job : jobs) handed_out.insert(job.payload);
    }
    return true;
  });
  for (std::size_t i = 0; i < kRounds; ++i) {
    enqueue({{"a", "1"}, {"b", "2"}});
    EXPECT_TRUE(eventually([&] { return broker->counts("a").ready + broker->counts("b").ready == 0; }));
  }
  EXPECT_TRUE(worker.get());
  EXPECT_EQ(handed_out.count("1"), kRounds);
  EXPECT_EQ(handed_out.count("2"), kRounds);
}

TEST_P(EveryBroker, IsFinishedWithEachJobHoweverManyWorkersFetch) {
  constexpr std::size_t kJobs = 400;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);

  const auto work = [&](WorkerId id) {
    const auto own = another();
    std::vector<std::string> mine;
    for (auto batch = own->fetch(id, mail, 7, kNoWait); !batch.empty();
         batch = own->fetch(id, mail, 7, kNoWait)) {
      std::vector<Settlement> acks;
      for (const auto& job : batch) {
        mine.push_back(job.payload);
        acks.push_back(to(Kind::kAck, job));
      }
      EXPECT_THAT(own->settle(id, acks), ::testing::Each(Settled::kDone));
    }
    return mine;
  };
  auto ann = std::async(std::launch::async, work, kAnn);
  auto bob = std::async(std::launch::async, work, kBob);
  auto all = ann.get();
  std::ranges::copy(bob.get(), std::back_inserter(all));
  EXPECT_THAT(all, SizeIs(kJobs));
  EXPECT_THAT(std::set<std::string>(all.begin(), all.end()), SizeIs(kJobs));
  expect_counts({});
}

// delayed jobs

TEST_P(EveryBroker, KeepsADelayedJobUntilItIsDue) {
  enqueue({{"mail", "later", kUnlessHeldUp}});
  EXPECT_THAT(fetch(1), IsEmpty());
  EXPECT_EQ(broker->promote(mail, 10).promoted, 0U);
  promote_when_due(1);
  EXPECT_THAT(payloads(fetch(1)), ElementsAre("later"));
}

TEST_P(EveryBroker, TakesAnInstantInPlaceOfACountdown) {
  const auto now = std::chrono::system_clock::now();
  enqueue({{"mail", "tomorrow", {}, now + 24h}, {"mail", "soon", {}, now + 50ms}});
  promote_when_due(1);
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("soon"));
}

TEST_P(EveryBroker, IsReadyAtOnceWithoutACountdownAboveZero) {
  enqueue({{"mail", "zero", 0ms}, {"mail", "negative", -5s}});
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("zero", "negative"));
}

TEST_P(EveryBroker, PromotesAnInstantThatHasPassed) {
  enqueue({{"mail", "past", {}, std::chrono::system_clock::now() - 1h},
           {"mail", "before 1970", {}, std::chrono::system_clock::time_point{-1h}}});
  EXPECT_EQ(broker->promote(mail, 10).promoted, 2U);
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("before 1970", "past"));
}

TEST_P(EveryBroker, KeepsAJobDueInAllEternity) {
  enqueue({{"mail", "in", Millis::max()}, {"mail", "at", {}, std::chrono::system_clock::time_point::max()}});
  const auto promotion = broker->promote(mail, 10);
  EXPECT_EQ(promotion.promoted, 0U);
  EXPECT_GT(promotion.next_due, 24h * 300);
}

TEST_P(EveryBroker, PromotesTheOldestFirstUpToTheLimit) {
  const auto now = std::chrono::system_clock::now();
  enqueue(
      {{"mail", "third", {}, now - 1s}, {"mail", "first", {}, now - 3s}, {"mail", "second", {}, now - 2s}});
  const auto promotion = broker->promote(mail, 2);
  EXPECT_EQ(promotion.promoted, 2U);
  EXPECT_EQ(promotion.next_due, 0ms);
  EXPECT_THAT(payloads(fetch(3)), ElementsAre("first", "second"));
}

TEST_P(EveryBroker, PromotesUpToTheLimitForEachQueue) {
  const auto past = std::chrono::system_clock::now() - 1s;
  enqueue(
      {{"mail", "a", {}, past}, {"mail", "b", {}, past}, {"slow", "c", {}, past}, {"slow", "d", {}, past}});
  const std::vector<Queue> both{"mail", "slow"};
  EXPECT_EQ(broker->promote(both, 1).promoted, 2U);
  expect_counts({.ready = 1, .delayed = 1}, "mail");
  expect_counts({.ready = 1, .delayed = 1}, "slow");
}

TEST_P(EveryBroker, SaysWhenTheNextJobOfAnyQueueIsDue) {
  enqueue({{"mail", "a", 1h}, {"slow", "b", 10min}});
  const std::vector<Queue> both{"mail", "slow", "empty"};
  const auto next_due = broker->promote(both, 10).next_due;
  ASSERT_TRUE(next_due);
  EXPECT_LE(*next_due, 10min);
  EXPECT_GT(*next_due, 9min);
}

TEST_P(EveryBroker, SaysThatNoJobWaits) {
  EXPECT_EQ(broker->promote(mail, 10).next_due, std::nullopt);
  EXPECT_EQ(broker->promote({}, 10).next_due, std::nullopt);
}

TEST_P(EveryBroker, TakesTheSameTextTwiceForTheSameJobAndKeepsItsEarlierTime) {
  enqueue({{"mail", "same", 10min}});
  enqueue({{"mail", "same", 1h}});
  expect_counts({.delayed = 1});
  EXPECT_LE(broker->promote(mail, 10).next_due, 10min);
  enqueue({{"mail", "same", 1min}});
  expect_counts({.delayed = 1});
  EXPECT_LE(broker->promote(mail, 10).next_due, 1min);
}

// await_schedule

TEST_P(EveryBroker, SaysAtFirstThatThereMayBeSomethingToPromote) {
  EXPECT_TRUE(broker->await_schedule(mail, kNoWait));
  EXPECT_FALSE(broker->await_schedule(mail, kShortWait));
}

TEST_P(EveryBroker, GivesASignForAJobDueBeforeAllOthers) {
  broker->await_schedule(mail, kNoWait);
  const auto other = another();
  const std::vector<Outgoing> later{{"mail", "later", 1h}};
  const std::vector<Outgoing> sooner{{"mail", "sooner", 10min}};
  other->enqueue(later, kTimeout);
  EXPECT_TRUE(broker->await_schedule(mail, kTimeout));
  other->enqueue(sooner, kTimeout);
  EXPECT_TRUE(broker->await_schedule(mail, kTimeout));
}

TEST_P(EveryBroker, GivesNoSignForAJobDueAfterAnother) {
  enqueue({{"mail", "soon", 10min}});
  broker->await_schedule(mail, kNoWait);
  enqueue({{"mail", "later", 1h}, {"other", "soonest", 1min}});
  EXPECT_FALSE(broker->await_schedule(mail, kShortWait));
}

TEST_P(EveryBroker, GivesASignForARetryDueBeforeAllOthers) {
  enqueue({{"mail", "a"}, {"mail", "later", 1h}});
  const auto job = fetch_one();
  broker->await_schedule(mail, kNoWait);
  settle(kAnn, {Kind::kRetry, "mail", job.entry, "a", 1min});
  EXPECT_TRUE(broker->await_schedule(mail, kTimeout));
}

TEST_P(EveryBroker, EndsItsWaitWhenTheSignComes) {
  broker->await_schedule(mail, kNoWait);
  auto woken = std::async(std::launch::async, [&] { return broker->await_schedule(mail, kTimeout); });
  EXPECT_EQ(woken.wait_for(kShortWait), std::future_status::timeout);
  const std::vector<Outgoing> jobs{{"mail", "sooner", 1min}};
  another()->enqueue(jobs, kTimeout);
  EXPECT_TRUE(woken.get());
}

// settle

TEST_P(EveryBroker, ForgetsAnAcknowledgedJob) {
  enqueue({{"mail", "a"}});
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, fetch_one())), Settled::kDone);
  expect_counts({});
}

TEST_P(EveryBroker, DelaysARetriedJobWithItsNewPayload) {
  enqueue({{"mail", "a"}});
  const auto job = fetch_one();
  EXPECT_EQ(settle(kAnn, {Kind::kRetry, "mail", job.entry, "attempt 2", kUnlessHeldUp}), Settled::kDone);
  expect_counts({.delayed = 1});
  EXPECT_EQ(broker->promote(mail, 10).promoted, 0U);
  promote_when_due(1);
  EXPECT_THAT(payloads(fetch(2)), ElementsAre("attempt 2"));
}

TEST_P(EveryBroker, MakesAReleasedJobReadyAgainWithItsNewPayload) {
  enqueue({{"mail", "a"}});
  EXPECT_EQ(settle(kAnn, to(Kind::kRelease, fetch_one(kAnn), "a again")), Settled::kDone);
  expect_counts({.ready = 1});
  EXPECT_THAT(payloads(fetch(2, kBob)), ElementsAre("a again"));
}

TEST_P(EveryBroker, WakesAWaitingWorkerForAReleasedJob) {
  enqueue({{"mail", "a"}});
  const auto job = fetch_one(kAnn);
  auto waiting = std::async(std::launch::async, [&] { return another()->fetch(kBob, mail, 1, kTimeout); });
  EXPECT_EQ(waiting.wait_for(kShortWait), std::future_status::timeout);
  settle(kAnn, to(Kind::kRelease, job));
  EXPECT_THAT(payloads(waiting.get()), ElementsAre("again"));
}

TEST_P(EveryBroker, KeepsABuriedJobAsADeadLetter) {
  enqueue({{"mail", "a"}});
  EXPECT_EQ(settle(kAnn, to(Kind::kBury, fetch_one(), "letter")), Settled::kDone);
  expect_counts({.dead = 1});
  const auto letters = broker->dead_letters("mail", 0, 10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].letter, "letter");
  EXPECT_LT(std::chrono::abs(letters[0].died_at - std::chrono::system_clock::now()), 1min);
}

TEST_P(EveryBroker, AnswersInOrderForEverySortOfSettlementAtOnce) {
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d"}, {"slow", "e"}, {"mail", "f"}});
  const std::vector<Queue> both{"mail", "slow"};
  const auto jobs = broker->fetch(kAnn, both, 6, kNoWait);
  ASSERT_THAT(jobs, SizeIs(6));
  const auto other = broker->fetch(kBob, mail, 1, kNoWait);
  const std::vector<Settlement> settlements{
      to(Kind::kAck, jobs[5]),   {Kind::kAck, "mail", "1-1"}, {Kind::kRetry, "mail", jobs[0].entry, "a", 1h},
      to(Kind::kBury, jobs[1]),  to(Kind::kAck, jobs[4]),     to(Kind::kRelease, jobs[2]),
      to(Kind::kRetry, jobs[3]), to(Kind::kAck, jobs[5])};
  EXPECT_THAT(broker->settle(kAnn, settlements),
              ElementsAre(Settled::kDone, Settled::kNotPending, Settled::kDone, Settled::kDone,
                          Settled::kDone, Settled::kDone, Settled::kDone, Settled::kNotPending));
  expect_counts({.ready = 1, .delayed = 2, .dead = 1}, "mail");
  expect_counts({}, "slow");
}

TEST_P(EveryBroker, SettlesNothingWhereNothingIsGiven) { EXPECT_THAT(broker->settle(kAnn, {}), IsEmpty()); }

TEST_P(EveryBroker, SettlesThousandsOfJobsInOneCallInAnyOrder) {
  constexpr std::size_t kJobs = 2500;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);
  std::vector<Settlement> settlements;
  for (const auto& job : fetch(kJobs)) settlements.push_back(to(Kind::kAck, job));
  std::ranges::reverse(settlements);
  EXPECT_THAT(broker->settle(kAnn, settlements), ::testing::Each(Settled::kDone));
  expect_counts({});
}

TEST_P(EveryBroker, SettlesAFewOfManyRunningJobs) {
  std::vector<Outgoing> jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);
  const auto running = fetch(100);
  const std::vector<Settlement> ends{to(Kind::kAck, running[0]), to(Kind::kAck, running[50]),
                                     to(Kind::kAck, running[99])};
  EXPECT_THAT(broker->settle(kAnn, ends), ::testing::Each(Settled::kDone));
  expect_counts({.running = 97});
}

TEST_P(EveryBroker, SettlesAJobNamedTwiceOnlyOnce) {
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kRelease, Kind::kBury}) {
    const Queue queue = "q" + std::to_string(static_cast<int>(kind));
    enqueue({{queue, "a"}});
    const auto job = broker->fetch(kAnn, {&queue, 1}, 1, kNoWait).at(0);
    const std::vector<Settlement> twice{to(kind, job, "x"), to(kind, job, "y")};
    EXPECT_THAT(broker->settle(kAnn, twice), ElementsAre(Settled::kDone, Settled::kNotPending));
    const auto counts = broker->counts(queue);
    EXPECT_EQ(counts.ready + counts.running + counts.delayed + counts.dead, kind == Kind::kAck ? 0 : 1);
  }
}

TEST_P(EveryBroker, IsSafeToAskTwiceToSettle) {
  enqueue({{"mail", "a"}});
  const auto ack = to(Kind::kAck, fetch_one());
  EXPECT_EQ(settle(kAnn, ack), Settled::kDone);
  EXPECT_EQ(settle(kAnn, ack), Settled::kNotPending);
}

TEST_P(EveryBroker, ChangesNothingForAJobThatIsNotPending) {
  enqueue({{"mail", "ready"}});
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kRelease, Kind::kBury}) {
    for (const auto* entry : {"1-1", "no entry", "", "99999999999999999999-0", "1-"}) {
      EXPECT_EQ(settle(kAnn, {kind, "mail", entry, "x"}), Settled::kNotPending);
      EXPECT_EQ(settle(kAnn, {kind, "never used", entry, "x"}), Settled::kNotPending);
    }
  }
  expect_counts({.ready = 1});
  expect_counts({}, "never used");
}

TEST_P(EveryBroker, ChangesNothingForAJobThatAnotherWorkerHolds) {
  enqueue({{"mail", "a"}, {"mail", "b"}});
  const auto anns = fetch_one(kAnn);
  const auto bobs = fetch_one(kBob);
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kRelease, Kind::kBury}) {
    EXPECT_EQ(settle(kBob, to(kind, anns)), Settled::kHeldByOther);
  }
  expect_counts({.running = 2});
  const std::vector<Settlement> both{to(Kind::kAck, anns), to(Kind::kAck, bobs)};
  EXPECT_THAT(broker->settle(kBob, both), ElementsAre(Settled::kHeldByOther, Settled::kDone));
  expect_counts({.running = 1});
}

TEST_P(EveryBroker, SettlesThroughAnotherBrokerOfTheSameWorker) {
  enqueue({{"mail", "a"}});
  const std::vector<Settlement> ack{to(Kind::kAck, fetch_one())};
  EXPECT_THAT(another()->settle(kAnn, ack), ElementsAre(Settled::kDone));
}

// looking

TEST_P(EveryBroker, CountsEachState) {
  expect_counts({});
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d", 1h}, {"slow", "e"}});
  expect_counts({.ready = 3, .delayed = 1});
  const auto jobs = fetch(2);
  settle(kAnn, to(Kind::kBury, jobs[0]));
  expect_counts({.ready = 1, .running = 1, .delayed = 1, .dead = 1});
}

TEST_P(EveryBroker, HasNothingToSayAgainstAGoodServer) { EXPECT_THAT(broker->check(), IsEmpty()); }

INSTANTIATE_TEST_SUITE_P(For, EveryBroker, kEveryBroker, broker_name);
INSTANTIATE_TEST_SUITE_P(Also, EveryBroker, kTlsBroker, broker_name);

}  // namespace
}  // namespace aftercommit
