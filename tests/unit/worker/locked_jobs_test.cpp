/// When a job that was put off is looked at again, and from when on locked ones are looked for in batches.
#include "worker/held/locked_jobs.hpp"

#include <gtest/gtest.h>

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using worker::LockedJobs;
using worker::LookAgain;

TEST(LookAgain, WaitsTwiceAsLongEachTimeUpToTheLongest) {
  LookAgain again;
  const auto job = JobId::generate();
  for (const auto wait : {1000ms, 2000ms, 4000ms, 8000ms, 10'000ms, 10'000ms}) {
    EXPECT_EQ(again.wait(job, 10s), wait);
  }
}

TEST(LookAgain, BeginsAnewForAnotherJobAndOnceItIsForgotten) {
  LookAgain again;
  const auto job = JobId::generate();
  again.wait(job, 10s);
  again.wait(job, 10s);
  EXPECT_EQ(again.wait(JobId::generate(), 10s), 1s);
  again.forget(job);
  EXPECT_EQ(again.wait(job, 10s), 1s);
}

TEST(LookAgain, GoesOnForEverWithoutOverflow) {
  LookAgain again;
  const auto job = JobId::generate();
  for (int i = 0; i < 100; ++i) again.wait(job, 24h);
  EXPECT_GE(again.wait(job, 24h), 1s);
  EXPECT_LE(again.wait(job, 24h), 24h);
}

TEST(LookAgain, SpreadsVeryManyOverTheTimeThatTheyTake) {
  LookAgain again;
  constexpr int kJobs = 100'000;
  for (int i = 0; i < kJobs; ++i) again.wait(JobId::generate(), 4s);
  for (int i = 0; i < 100; ++i) {
    const auto wait = again.wait(JobId::generate(), 4s);
    EXPECT_GE(wait, 12s);
    EXPECT_LE(wait, 26s);
  }
}

class LockedJobsTest : public ::testing::Test {
 protected:
  void note(Database& in, int jobs) {
    for (int i = 0; i < jobs; ++i) locked.note(in, JobId::generate());
  }

  Database database{{.url = "postgresql:///nowhere"}};
  Database other{{.url = "postgresql:///elsewhere"}};
  LockedJobs locked;
};

TEST_F(LockedJobsTest, AreManyFromTheSixteenthOn) {
  note(database, 15);
  EXPECT_FALSE(locked.many());
  note(database, 1);
  EXPECT_TRUE(locked.many());
  EXPECT_TRUE(locked.many(database));
  EXPECT_FALSE(locked.many(other));
}

TEST_F(LockedJobsTest, AreManyUntilABatchHasShownFew) {
  note(database, 20);
  note(other, 20);
  locked.found(database, 16, 1000);
  EXPECT_TRUE(locked.many(database));
  locked.found(database, 5, 8);
  EXPECT_TRUE(locked.many(database)) << "most of a small one";
  locked.found(database, 15, 30);
  EXPECT_FALSE(locked.many(database));
  EXPECT_TRUE(locked.many());
  locked.found(other, 0, 8);
  EXPECT_FALSE(locked.many());
}

TEST_F(LockedJobsTest, WaitForLongerWhereTheyAreMany) {
  const auto job = JobId::generate();
  for (int i = 0; i < 10; ++i) locked.note(database, job);
  EXPECT_EQ(locked.note(database, job), 4s);
  note(database, 16);
  EXPECT_EQ(locked.note(database, job), 30s);
}

TEST_F(LockedJobsTest, AreLookedIntoOnceAndNotAllOfThem) {
  note(database, 1000);
  const auto taken = locked.take();
  EXPECT_FALSE(taken.empty());
  EXPECT_LE(taken.size(), 100U);
  EXPECT_TRUE(locked.take().empty());
}

}  // namespace
}  // namespace aftercommit
