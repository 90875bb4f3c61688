/// Leases in every broker: whose worker is silent loses its jobs to the queue, and whose is not keeps them.
#include <atomic>
#include <future>
#include <set>

#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

constexpr Millis kOver{0};  // a lease that ends as it begins
constexpr std::size_t kOverABatch = 100;

class WorkerLease : public EveryBroker {
 protected:
  Lease renew(const WorkerId& worker, Millis lease) { return broker->renew_lease(worker, mail, lease).at(0); }
  /// With the lease that the worker has now, if that has ended.
  std::size_t recover(const WorkerId& worker, std::size_t limit = kOverABatch, bool dead = false) {
    if (dead) return broker->recover(worker, mail, limit, "");
    for (const auto& lease : broker->leases(mail, 1h)) {
      if (lease.worker == worker && lease.left <= 0ms)
        return broker->recover(worker, mail, limit, lease.mark);
    }
    return 0;
  }
  /// Those whose lease has ended, in their order.
  std::vector<WorkerId> lapsed(const std::vector<Queue>& queues, Millis lease = 1h) {
    std::set<WorkerId> found;
    for (const auto& view : broker->leases(queues, lease)) {
      if (view.left <= 0ms) found.insert(view.worker);
    }
    return {found.begin(), found.end()};
  }
  std::vector<WorkerId> lapsed() { return lapsed(mail); }
  std::vector<std::string> held_by(const WorkerId& worker, const std::vector<std::string>& entries) {
    return payloads(broker->held_by(worker, "mail", entries));
  }
};

TEST_P(WorkerLease, IsNewThenHeldThenLapsed) {
  EXPECT_EQ(renew(kAnn, 1h), Lease::kNew);
  EXPECT_EQ(renew(kAnn, kOver), Lease::kHeld);
  EXPECT_EQ(renew(kAnn, 1h), Lease::kLapsed);
  EXPECT_EQ(renew(kAnn, 1h), Lease::kHeld);
}

TEST_P(WorkerLease, EndsWhenItsTimeIsOver) {
  renew(kAnn, 20ms);
  EXPECT_TRUE(eventually([&] { return !lapsed().empty(); }));
  EXPECT_EQ(renew(kAnn, 1h), Lease::kLapsed);
}

TEST_P(WorkerLease, AnswersForEachQueue) {
  renew(kAnn, kOver);
  const std::vector<Queue> both{"mail", "slow"};
  EXPECT_THAT(broker->renew_lease(kAnn, both, 1h), ElementsAre(Lease::kLapsed, Lease::kNew));
  EXPECT_THAT(broker->renew_lease(kAnn, both, 1h), ElementsAre(Lease::kHeld, Lease::kHeld));
  EXPECT_THAT(broker->renew_lease(kAnn, {}, 1h), IsEmpty());
}

TEST_P(WorkerLease, IsOfOneWorkerAlone) {
  renew(kAnn, 1h);
  EXPECT_EQ(renew(kBob, kOver), Lease::kNew);
  EXPECT_THAT(lapsed(), ElementsAre(kBob));
}

TEST_P(WorkerLease, MakesItsWorkerLapsedOnceItHasEnded) {
  EXPECT_THAT(lapsed(), IsEmpty());
  renew(kAnn, 1h);
  EXPECT_THAT(lapsed(), IsEmpty());
  renew(kAnn, kOver);
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
}

TEST_P(WorkerLease, IsLookedAtInAllQueuesAndNamesAWorkerOnce) {
  const std::vector<Queue> both{"mail", "slow"};
  broker->renew_lease(kBob, both, kOver);
  renew(kAnn, kOver);
  EXPECT_THAT(lapsed(both), ElementsAre(kAnn, kBob));
  const std::vector<Queue> slow{"slow"};
  EXPECT_THAT(lapsed(slow), ElementsAre(kBob));
}

TEST_P(WorkerLease, BeginsForAWorkerThatTheBrokerKnowsNoneOf) {
  enqueue({{"mail", "a"}});
  fetch(1);
  EXPECT_EQ(recover(kAnn), 0U);
  EXPECT_THAT(lapsed(), IsEmpty());
  EXPECT_EQ(recover(kAnn), 0U);
  EXPECT_EQ(renew(kAnn, 1h), Lease::kHeld);
}

TEST_P(WorkerLease, EndsForAWorkerThatDoesNotRenewWhatItWasGiven) {
  enqueue({{"mail", "a"}});
  fetch(1);
  lapsed(mail, kOver);
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
  EXPECT_EQ(recover(kAnn), 1U);
}

TEST_P(WorkerLease, IsLeftAsItIsByThoseWhoLook) {
  enqueue({{"mail", "a"}});
  fetch(1);
  renew(kAnn, kOver);
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
}

// recover

TEST_P(WorkerLease, KeepsTheJobsOfAWorkerWhileItLasts) {
  enqueue({{"mail", "a"}});
  renew(kAnn, 1h);
  const auto job = fetch_one();
  EXPECT_EQ(recover(kAnn), 0U);
  expect_counts({.running = 1});
  EXPECT_EQ(settle(kAnn, to(Kind::kAck, job)), Settled::kDone);
}

TEST_P(WorkerLease, GivesBackTheJobsOfAWorkerOnceItHasEnded) {
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d"}});
  fetch(2, kAnn);
  const auto bobs = fetch_one(kBob);
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn), 2U);
  EXPECT_THAT(payloads(fetch(10, kBob)), ElementsAre("d", "a", "b"));  // last, in their order
  EXPECT_EQ(settle(kBob, to(Kind::kAck, bobs)), Settled::kDone);
}

TEST_P(WorkerLease, GivesBackJobsByteForByte) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string large(2 << 20, 'x');
  enqueue({{"mail", every_byte}, {"mail", ""}, {"mail", large}});
  fetch(3);
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn), 3U);
  EXPECT_THAT(payloads(fetch(10, kBob)), ElementsAre(every_byte, "", large));
}

TEST_P(WorkerLease, GivesBackUpToALimitAndForgetsTheWorkerAfterTheLast) {
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}});
  fetch(3);
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn, 2), 2U);
  expect_counts({.ready = 2, .running = 1});
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
  EXPECT_EQ(recover(kAnn, 2), 1U);
  EXPECT_THAT(lapsed(), IsEmpty());
  EXPECT_EQ(renew(kAnn, 1h), Lease::kNew);
}

TEST_P(WorkerLease, GivesBackThousandsOfJobsInOneCall) {
  constexpr std::size_t kJobs = 2500;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);
  fetch(kJobs);
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn, 10'000), kJobs);
  expect_counts({.ready = kJobs});
}

TEST_P(WorkerLease, GivesBackInEachQueueWhereItHasEnded) {
  enqueue({{"mail", "m"}, {"slow", "s"}, {"other", "o"}});
  const std::vector<Queue> queues{"mail", "slow", "other"};
  broker->fetch(kAnn, queues, 3, kNoWait);
  const std::vector<Queue> ended{"mail", "slow"}, held{"other"};
  broker->renew_lease(kAnn, ended, kOver);
  broker->renew_lease(kAnn, held, 1h);
  std::size_t put_back = 0;
  for (const auto& lease : broker->leases(queues, 1h)) {
    if (lease.left <= 0ms) put_back += broker->recover(kAnn, {&lease.queue, 1}, 1, lease.mark);
  }
  EXPECT_EQ(put_back, 2U);
  expect_counts({.ready = 1}, "mail");
  expect_counts({.ready = 1}, "slow");
  expect_counts({.running = 1}, "other");
}

TEST_P(WorkerLease, DoesNotMatterForAWorkerThatIsKnownToBeDead) {
  enqueue({{"mail", "a"}, {"mail", "b"}});
  fetch_one(kAnn);
  fetch_one(kBob);
  renew(kAnn, 1h);
  EXPECT_EQ(recover(kAnn, kOverABatch, true), 1U);
  EXPECT_EQ(recover(kBob, kOverABatch, true), 1U);
  expect_counts({.ready = 2});
  EXPECT_EQ(renew(kAnn, 1h), Lease::kNew);
}

TEST_P(WorkerLease, OfAWorkerThatHoldsNothingIsForgotten) {
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn), 0U);
  EXPECT_THAT(lapsed(), IsEmpty());
  EXPECT_EQ(recover("never seen"), 0U);
  EXPECT_EQ(recover("never seen", kOverABatch, true), 0U);
}

TEST_P(WorkerLease, IsNoLongerTheOneThatWasSeenOnceItIsRenewed) {
  enqueue({{"mail", "a"}});
  fetch(1);
  renew(kAnn, kOver);
  const auto seen = broker->leases(mail, 1h).at(0);
  EXPECT_EQ(seen.queue, "mail");
  EXPECT_EQ(seen.worker, kAnn);
  EXPECT_EQ(broker->leases(mail, 1h).at(0).mark, seen.mark);
  renew(kAnn, 1h);
  EXPECT_NE(broker->leases(mail, 1h).at(0).mark, seen.mark);
  EXPECT_EQ(broker->recover(kAnn, mail, kOverABatch, seen.mark), 0U);
  EXPECT_EQ(broker->recover(kBob, mail, kOverABatch, seen.mark), 0U);
  expect_counts({.running = 1});
  EXPECT_EQ(broker->recover(kAnn, mail, kOverABatch, broker->leases(mail, 1h).at(0).mark), 1U);
}

TEST_P(WorkerLease, OnceEndedLeavesTheZombieNothingToSettle) {
  const auto id = JobId::generate();
  enqueue({durable_job("a", id)});
  const auto zombies = fetch_one(kAnn);
  renew(kAnn, kOver);
  EXPECT_EQ(recover(kAnn), 1U);
  const auto bobs = fetch_one(kBob);
  EXPECT_EQ(bobs.payload, "a");
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kRelease, Kind::kBury}) {
    EXPECT_EQ(settle(kAnn, to(kind, zombies, id)), Settled::kNotPending);
  }
  expect_counts({.running = 1});
  EXPECT_TRUE(has(id));
  EXPECT_EQ(settle(kBob, to(Kind::kAck, bobs, id)), Settled::kDone);
  EXPECT_FALSE(has(id));
}

TEST_P(WorkerLease, OnceEndedLetsTheWorkerComeBack) {
  enqueue({{"mail", "a"}});
  fetch_one(kAnn);
  renew(kAnn, kOver);
  recover(kAnn);
  EXPECT_EQ(renew(kAnn, 1h), Lease::kNew);
  EXPECT_THAT(payloads(fetch(10, kAnn)), ElementsAre("a"));
}

TEST_P(WorkerLease, LetsEachJobBeDoneOnceHoweverOftenItIsTakenAway) {
  constexpr std::size_t kJobs = 300;
  std::vector<Outgoing> jobs;
  for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back({"mail", std::to_string(i)});
  enqueue(jobs);

  std::atomic<std::size_t> done{0};
  std::atomic<bool> over{false};
  const auto work = [&](WorkerId id) {
    const auto own = another();
    while (!over) {
      for (const auto& job : own->fetch(id, mail, 7, 1ms)) {
        const auto ack = to(Kind::kAck, job);
        done += own->settle(id, {&ack, 1}).at(0) == Settled::kDone;
      }
    }
  };
  auto ann = std::async(std::launch::async, work, kAnn);
  auto bob = std::async(std::launch::async, work, kBob);
  EXPECT_TRUE(eventually([&] {
    recover(kAnn, 2, true);
    recover(kBob, 2, true);
    return done >= kJobs;
  }));
  over = true;
  ann.get();
  bob.get();
  EXPECT_EQ(done, kJobs);
  expect_counts({});
}

// held_by

TEST_P(WorkerLease, ShowsWhatAWorkerHolds) {
  enqueue({{"mail", "a"}, {"mail", "b"}, {"mail", "c"}, {"mail", "d"}});
  const auto anns = fetch(3, kAnn);
  const auto bobs = fetch_one(kBob);
  settle(kAnn, to(Kind::kAck, anns[1]));
  const std::vector<std::string> all{
      bobs.entry, anns[2].entry, anns[1].entry, anns[0].entry, "1-1", "no entry", ""};
  EXPECT_THAT(held_by(kAnn, all), ElementsAre("c", "a"));
  EXPECT_THAT(held_by(kBob, all), ElementsAre("d"));
  EXPECT_THAT(held_by("never seen", all), IsEmpty());
  EXPECT_THAT(held_by(kAnn, {}), IsEmpty());
  EXPECT_THAT(broker->held_by(kAnn, "never used", all), IsEmpty());
  const auto shown = broker->held_by(kAnn, "mail", all);
  EXPECT_EQ(shown.at(0).entry, anns[2].entry);
  EXPECT_EQ(shown.at(0).queue, "mail");
}

// retire

TEST_P(WorkerLease, IsForgottenWhenTheWorkerRetires) {
  renew(kAnn, kOver);
  broker->retire(kAnn, mail);
  EXPECT_THAT(lapsed(), IsEmpty());
  EXPECT_EQ(renew(kAnn, 1h), Lease::kNew);
  broker->retire("never seen", mail);
}

TEST_P(WorkerLease, IsKeptWhereARetiredWorkerStillHoldsJobs) {
  const std::vector<Queue> both{"mail", "slow"};
  enqueue({{"mail", "a"}});
  fetch_one();
  broker->renew_lease(kAnn, both, kOver);
  broker->retire(kAnn, both);
  const std::vector<Queue> slow{"slow"};
  EXPECT_THAT(lapsed(), ElementsAre(kAnn));
  EXPECT_THAT(lapsed(slow), IsEmpty());
  EXPECT_EQ(recover(kAnn), 1U);
}

INSTANTIATE_TEST_SUITE_P(For, WorkerLease, kEveryBroker, broker_name);
INSTANTIATE_TEST_SUITE_P(Also, WorkerLease, kTlsBroker, broker_name);

}  // namespace
}  // namespace aftercommit
