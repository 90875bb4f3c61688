/// Attempts cut short by the loss of their connection: the server's fault, until it has been the same job's
/// too often.
#include "worker/held/interruptions.hpp"

#include <gtest/gtest.h>

namespace aftercommit::worker {
namespace {

constexpr int kBearable = Interruptions::kMost - 1;

TEST(Interruptions, AreTheServersFaultNineTimesAndThenTheJobs) {
  Interruptions interruptions;
  const auto job = JobId::generate();
  for (int left = kBearable; left > 0; --left) EXPECT_EQ(interruptions.note(job), left);
  EXPECT_EQ(interruptions.note(job), 0);
  EXPECT_EQ(interruptions.note(job), 0);
}

TEST(Interruptions, OfOneJobAreNotThoseOfAnother) {
  Interruptions interruptions;
  const auto job = JobId::generate();
  for (int i = 0; i < kBearable; ++i) interruptions.note(job);
  EXPECT_EQ(interruptions.note(JobId::generate()), kBearable);
  EXPECT_EQ(interruptions.note(job), 0);
}

TEST(Interruptions, AreForgottenWhenAnAttemptEndsOtherwise) {
  Interruptions interruptions;
  const auto job = JobId::generate();
  for (int i = 0; i < kBearable; ++i) interruptions.note(job);
  interruptions.forget(JobId::generate());
  interruptions.forget(job);
  for (int left = kBearable; left > 0; --left) EXPECT_EQ(interruptions.note(job), left);
  EXPECT_EQ(interruptions.note(job), 0);
}

TEST(Interruptions, AreRememberedOfTenThousandJobsTheLatestOfThem) {
  Interruptions interruptions;
  const auto first = JobId::generate();
  for (int i = 0; i < kBearable; ++i) interruptions.note(first);
  for (int i = 0; i < 10'000; ++i) interruptions.note(JobId::generate());
  EXPECT_EQ(interruptions.note(first), kBearable)
      << "what is kept for a worker's life must not grow with its jobs";
}

}  // namespace
}  // namespace aftercommit::worker
