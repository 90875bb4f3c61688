/// Which durable jobs of a transaction go by COPY, and how.
#include "client/transaction/durable_copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct CopiedJobs {
  explicit CopiedJobs(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      owned.push_back(
          {.id = JobId::generate(), .outgoing = {.queue = "mail", .payload = "{}"}, .asked_at = {}});
    }
    for (const auto& job : owned) pointers.push_back(&job);
  }
  std::vector<PendingJob> owned;
  std::vector<const PendingJob*> pointers;
};

TEST(JobsToCopy, AreThoseOfManyThatHaveNoCountdown) {
  CopiedJobs jobs{502};
  jobs.owned[0].outgoing.countdown = 1s;
  jobs.owned[1].outgoing.eta = std::chrono::system_clock::now();
  jobs.owned[2].row_is_written = true;
  const auto [copied, others] = divide(jobs.pointers);
  EXPECT_THAT(copied, SizeIs(500));
  EXPECT_EQ(copied.front(), jobs.pointers[1]);
  EXPECT_EQ(others, std::vector{jobs.pointers[0]});
}

TEST(JobsToCopy, AreNoneOfFew) {
  CopiedJobs jobs{502};
  for (auto& job : std::span{jobs.owned}.first(3)) job.outgoing.countdown = 1s;
  const auto [copied, others] = divide(jobs.pointers);
  EXPECT_THAT(copied, IsEmpty());
  EXPECT_EQ(others, jobs.pointers) << "in their order";
}

TEST(LineOfCopy, HasTheColumnsAndEscapesWhatMeansSomethingThere) {
  CopiedJobs jobs{2};
  jobs.owned[0].outgoing.payload = "a\\b\tc\nd\re";
  jobs.owned[1].outgoing.eta = std::chrono::system_clock::time_point{1500ms + 700us};
  std::string text;
  for (const auto& job : jobs.owned) append_copy_line(text, job);
  EXPECT_EQ(text, jobs.owned[0].id.str() + "\tmail\t\\N\ta\\\\b\\tc\\nd\\re\n" + jobs.owned[1].id.str() +
                      "\tmail\t1970-01-01T00:00:01.501000Z\t{}\n");
}

}  // namespace
}  // namespace aftercommit::detail
