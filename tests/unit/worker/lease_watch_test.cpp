/// Who is silent, by the clock of who looks alone.
#include "worker/roles/lease_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/roles/seen_alive.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr Millis kLease = 15s;

class LeaseWatchTest : public ::testing::Test {
 protected:
  static LeaseView lease(const std::string& mark, Millis left, const WorkerId& worker = "ann",
                         const Queue& queue = "mail") {
    return {queue, worker, mark, left};
  }
  std::vector<WorkerId> silent() const {
    std::vector<WorkerId> workers;
    for (const auto& worker : watch.silent(now)) workers.push_back(worker.worker);
    return workers;
  }

  LeaseWatch watch{kLease};
  LeaseWatch::Clock::time_point now{1h};
};

TEST_F(LeaseWatchTest, TakesAWorkerForSilentOnceItsLeaseWasSeenUnchangedForAllOfIt) {
  for (int second = 0; second < 15; ++second, now += 1s) {
    watch.saw({lease("1", kLease - std::chrono::seconds{second})}, now);
    EXPECT_THAT(silent(), IsEmpty());
    EXPECT_TRUE(watch.lives("ann", now));
  }
  watch.saw({lease("1", 0ms)}, now);
  EXPECT_THAT(silent(), ElementsAre("ann"));
  EXPECT_FALSE(watch.lives("ann", now));
}

TEST_F(LeaseWatchTest, GivesAWholeLeaseAfterEachRenewal) {
  for (int renewal = 0; renewal < 10; ++renewal, now += 14s) {
    watch.saw({lease(std::to_string(renewal), kLease)}, now);
    EXPECT_THAT(silent(), IsEmpty());
  }
}

TEST_F(LeaseWatchTest, IsNotTroubledByAClockThatIsAhead) {
  watch.saw({lease("1", 14s)}, now);
  watch.saw({lease("1", -1h)}, now += 1s);
  EXPECT_THAT(silent(), IsEmpty());
  watch.saw({lease("2", -1h)}, now += 13s);  // of one that was renewed just before
  EXPECT_THAT(silent(), IsEmpty());
  EXPECT_TRUE(watch.lives("ann", now));
  watch.saw({lease("2", -1h)}, now += 15s);
  EXPECT_THAT(silent(), ElementsAre("ann"));
}

TEST_F(LeaseWatchTest, IsNotTroubledByAClockThatIsBehind) {
  watch.saw({lease("1", 15s)}, now);
  watch.saw({lease("1", 1h)}, now += 15s);
  EXPECT_THAT(silent(), ElementsAre("ann"));
}

TEST_F(LeaseWatchTest, GivesAWholeLeaseToThoseItSeesForTheFirstTime) {
  watch.saw({lease("1", -1h)}, now);
  EXPECT_THAT(silent(), IsEmpty());
  EXPECT_THAT((now += 15s, silent()), ElementsAre("ann"));
}

TEST_F(LeaseWatchTest, RespectsALongerLease) {
  watch.saw({lease("1", 60s)}, now);
  EXPECT_THAT((now += 59s, silent()), IsEmpty());
  EXPECT_THAT((now += 1s, silent()), ElementsAre("ann"));
}

TEST_F(LeaseWatchTest, ForgetsWhoIsGone) {
  watch.saw({lease("1", kLease)}, now);
  watch.saw({}, now);
  EXPECT_FALSE(watch.lives("ann", now));
  EXPECT_THAT((now += 1h, silent()), IsEmpty());
}

TEST_F(LeaseWatchTest, NamesAWorkerOnceWithTheLeasesThatHaveEnded) {
  watch.saw({lease("1", kLease), lease("1", kLease, "ann", "slow"), lease("1", 60s, "ann", "other"),
             lease("3", kLease, "bob")},
            now);
  now += 20s;
  const auto all = watch.silent(now);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].worker, "ann");
  EXPECT_THAT(all[0].marks, ElementsAre(Pair("mail", "1"), Pair("slow", "1")));
  EXPECT_TRUE(watch.lives("ann", now)) << "in one of its queues";
  EXPECT_THAT(all[1].marks, ElementsAre(Pair("mail", "3")));
}

TEST_F(LeaseWatchTest, SaysAtOtherShardsUntilWhenAWorkerLivesHere) {
  watch.saw({lease("1", kLease), lease("1", kLease, "bob"), lease("1", 2 * kLease, "bob", "slow")}, now);
  SeenAlive seen;
  seen.saw(1, watch.alive_until());
  EXPECT_TRUE(seen.lives_elsewhere(0, "ann", now));
  EXPECT_TRUE(seen.lives_elsewhere(0, "bob", now + kLease)) << "as long as any of its leases";
  EXPECT_FALSE(seen.lives_elsewhere(0, "ann", now + kLease));
  EXPECT_FALSE(seen.lives_elsewhere(1, "ann", now)) << "that is here";
  EXPECT_FALSE(seen.lives_elsewhere(0, "eve", now));
}

}  // namespace
}  // namespace aftercommit::worker
