/// Durable jobs in every broker: each is taken once, and known until it is done or dead.
#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class DurableJob : public EveryBroker {
 protected:
  void push(std::optional<Millis> countdown = {}, const std::string& payload = "a") {
    enqueue({{"mail", payload, countdown, {}, id}});
  }

  const JobId id = JobId::generate();
};

TEST_P(DurableJob, IsEnqueuedOnceHoweverOftenItIsSent) {
  push();
  push();
  enqueue({durable_job("a", id), durable_job("other text", id)});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a"));
}

TEST_P(DurableJob, IsEnqueuedOnceThoughOneCallNamesItTwice) {
  enqueue({durable_job("first", id), durable_job("second", id)});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("first"));
}

TEST_P(DurableJob, IsLeftAsItIsWhileItIsDelayed) {
  push(1h);
  push(1min, "other text");
  push();
  expect_counts({.delayed = 1});
  EXPECT_GT(broker->promote(mail, 10).next_due, 30min);
}

TEST_P(DurableJob, TakesAnInstantInPlaceOfACountdown) {
  enqueue({{"mail", "a", {}, std::chrono::system_clock::now() + 1h, id}});
  expect_counts({.delayed = 1});
  EXPECT_LT(broker->promote(mail, 10).next_due, 2h);
}

TEST_P(DurableJob, IsReadyAtOnceWithoutACountdownAboveZero) {
  push(-5s);
  enqueue({{"mail", "b", 0ms, {}, JobId::generate()}});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a", "b"));
}

TEST_P(DurableJob, IsKnownInEveryStateUntilItIsDone) {
  EXPECT_FALSE(has(id));
  push(1ms);
  EXPECT_TRUE(has(id));
  promote_when_due(1);
  EXPECT_TRUE(has(id));
  auto job = fetch_one();
  EXPECT_TRUE(has(id));
  EXPECT_EQ(settle(kAnn, to(Kind::kRelease, job, id)), Settled::kDone);
  EXPECT_TRUE(has(id));
  job = fetch_one();
  EXPECT_EQ(settle(kAnn, to(Kind::kRetry, job, id)), Settled::kDone);
  EXPECT_TRUE(has(id));
  push();
  promote_when_due(1);
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, fetch_one(), id)), Settled::kDone);
  EXPECT_FALSE(has(id));
  expect_counts({});
}

TEST_P(DurableJob, IsForgottenWhenItIsBuried) {
  push();
  EXPECT_EQ(settle(kAnn, to(Kind::kBury, fetch_one(), id)), Settled::kDone);
  EXPECT_FALSE(has(id));
  expect_counts({.dead = 1});
}

TEST_P(DurableJob, CanBeEnqueuedAgainOnceItIsForgotten) {
  push();
  settle(kAnn, to(Kind::kAck, fetch_one(), id));
  push();
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a"));
}

TEST_P(DurableJob, StaysKnownWhenSomebodySettlesItWhoDoesNotHoldIt) {
  push();
  const auto job = fetch_one(kAnn);
  for (const auto kind : {Kind::kAck, Kind::kBury}) {
    EXPECT_EQ(settle(kBob, to(kind, job, id)), Settled::kHeldByOther);
    EXPECT_EQ(settle(kAnn, {kind, "mail", "1-1", "x", 0ms, id}), Settled::kNotPending);
  }
  EXPECT_TRUE(has(id));
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, job, id)), Settled::kDone);
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, job, id)), Settled::kNotPending);
}

TEST_P(DurableJob, IsOneOfItsQueueAlone) {
  push();
  EXPECT_FALSE(has(id, "slow"));
  enqueue({{"slow", "a", {}, {}, id}});
  expect_counts({.ready = 1}, "slow");
}

TEST_P(DurableJob, ThatIsBroughtOnceMoreTakesThePlaceOfItsDelayedCopyAndOfNoOther) {
  const auto other = JobId::generate();
  enqueue({{"mail", "a", 1h, {}, id}, {"mail", "b", 1h, {}, other}});
  enqueue({Outgoing{.queue = "mail", .payload = "a", .durable = id, .again = true}});
  expect_counts({.ready = 1, .delayed = 1});
  enqueue({Outgoing{.queue = "mail", .payload = "another b", .durable = other, .again = true}});
  expect_counts({.ready = 2, .delayed = 1});
}

TEST_P(DurableJob, IsToldApartByAllBytesOfItsId) {
  std::vector<JobId> ids;
  for (const auto* text : {"00000000-0000-7000-8000-000000000000", "00000000-0000-7000-8000-00000000000a",
                           "0d0a0d0a-2424-7000-8000-2a0d0a00ff00", "ffffffff-ffff-ffff-ffff-ffffffffffff"}) {
    ids.push_back(JobId::parse(text).value());
  }
  for (const auto& each : ids) enqueue({{"mail", each.str(), {}, {}, each}});
  EXPECT_THAT(fetch(10), SizeIs(4));
  EXPECT_THAT(broker->has_durable("mail", ids), Each(true));
  std::vector<JobId> found;
  broker->for_each_durable("mail", [&](const JobId& each) { found.push_back(each); });
  EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(ids));
}

TEST_P(DurableJob, GoesWithOthersByTheThousandInOneCall) {
  constexpr std::size_t kJobs = 2500;
  std::vector<Outgoing> jobs;
  std::vector<JobId> ids;
  for (std::size_t i = 0; i < kJobs; ++i) {
    ids.push_back(JobId::generate());
    jobs.push_back({"mail", std::to_string(i), {}, {}, ids.back()});
    jobs.push_back({"mail", "plain " + std::to_string(i)});
  }
  enqueue(jobs);
  enqueue({durable_job("again", ids.front()), durable_job("again", ids.back())});
  expect_counts({.ready = 2 * kJobs});
  EXPECT_THAT(broker->has_durable("mail", ids), Each(true));
}

TEST_P(DurableJob, IsSettledByTheThousandInOneCall) {
  constexpr std::size_t kJobs = 1500;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) {
    const auto each = JobId::generate();
    jobs.push_back({"mail", each.str(), {}, {}, each});
  }
  enqueue(jobs);
  std::vector<Settlement> ends;
  for (const auto& job : fetch(kJobs)) ends.push_back(to(Kind::kAck, job, JobId::parse(job.payload).value()));
  EXPECT_THAT(broker->settle(kAnn, ends), Each(Settled::kDone));
  broker->for_each_durable("mail", [](const JobId& each) { ADD_FAILURE() << each.str() << " is left"; });
}

TEST_P(DurableJob, GivesASignWhenItIsDueBeforeAllOthers) {
  broker->await_schedule(mail, kNoWait);
  const std::vector<Outgoing> jobs{{"mail", "a", 1h, {}, id}};
  another()->enqueue(jobs, kTimeout);
  EXPECT_TRUE(broker->await_schedule(mail, kTimeout));
}

TEST_P(DurableJob, WakesAWaitingWorker) {
  auto worker = another();
  const std::vector<Outgoing> jobs{durable_job("a", id)};
  worker->fetch(kAnn, mail, 1, kNoWait);
  broker->enqueue(jobs, kTimeout);
  EXPECT_THAT(payloads(worker->fetch(kAnn, mail, 1, kTimeout)), ElementsAre("a"));
}

TEST_P(DurableJob, IsLookedUpInVainWhereNoneIsAskedFor) {
  EXPECT_THAT(broker->has_durable("mail", {}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(For, DurableJob, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
