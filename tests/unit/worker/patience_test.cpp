// How long jobs that were fetched ahead wait for an executor.
#include "worker/intake/patience.hpp"

#include <gtest/gtest.h>

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

TEST(Patience, IsLongUntilJobsTurnOutToBeQuick) {
  Patience patience;
  EXPECT_EQ(patience.wait(), Patience::kMost);
  for (int i = 0; i < 50; ++i) patience.job_ran(10us);
  EXPECT_EQ(patience.wait(), Patience::kLeast);
}

TEST(Patience, TakesNoNoticeOfASlowJobNowAndThen) {
  Patience patience;
  for (int i = 0; i < 1000; ++i) patience.job_ran(i % 20 == 0 ? 1'000'000us : 10us);
  EXPECT_LE(patience.wait(), 2 * Patience::kLeast);
}

TEST(Patience, IsSeveralTimesTheUsualLengthOfAJob) {
  Patience patience;
  for (int i = 0; i < 100; ++i) patience.job_ran(3ms);
  EXPECT_GT(patience.wait(), 9ms);
  EXPECT_LT(patience.wait(), 15ms);
}

TEST(Patience, GrowsAgainWhenJobsBecomeLong) {
  Patience patience;
  for (int i = 0; i < 1000; ++i) patience.job_ran(10us);
  for (int i = 0; i < 50; ++i) patience.job_ran(1s);
  EXPECT_EQ(patience.wait(), Patience::kMost);
  for (int i = 0; i < 50; ++i) patience.job_ran(10us);
  EXPECT_EQ(patience.wait(), Patience::kLeast) << "and is none the longer for how long they were";
}

}  // namespace
}  // namespace aftercommit::worker
