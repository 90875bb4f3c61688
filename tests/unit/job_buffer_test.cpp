// Where fetched jobs wait: how many are wanted, and that none is lost when the buffer closes.
#include "worker/job_buffer.hpp"

#include <gtest/gtest.h>

#include <future>

namespace aftercommit::worker {
namespace {

std::vector<Fetched> jobs(std::size_t count) {
  std::vector<Fetched> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back({"default", std::to_string(i), "{}"});
  return made;
}

TEST(JobBuffer, WantsOneJobForEachIdleExecutorAtFirst) {
  JobBuffer buffer{4, 100};
  EXPECT_EQ(buffer.wait_for_demand({}), 4u);
}

TEST(JobBuffer, WantsNothingBeyondTheIdleExecutorsWithoutPrefetch) {
  JobBuffer buffer{2, 0};
  buffer.put(jobs(2));
  ASSERT_TRUE(buffer.take());
  for (int i = 0; i < 1000; ++i) {  // however quick they are
    buffer.done();
    buffer.put(jobs(1));
    ASSERT_TRUE(buffer.take());
  }
  EXPECT_TRUE(buffer.take());
  buffer.done();
  EXPECT_EQ(buffer.wait_for_demand({}), 1u);
}

TEST(JobBuffer, NeverWantsMoreThanThePrefetchBesideTheIdleExecutors) {
  JobBuffer buffer{1, 10};
  for (int i = 0; i < 10'000; ++i) {
    buffer.put(jobs(1));
    ASSERT_TRUE(buffer.take());
    buffer.done();
    ASSERT_LE(buffer.wait_for_demand({}), 11u);
  }
}

TEST(JobBuffer, WantsManyJobsAheadOnceTheyTurnOutToBeQuick) {
  JobBuffer buffer{1, 100};
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    buffer.put(jobs(1));
    ASSERT_TRUE(buffer.take());
    buffer.done();
    most = std::max(most, buffer.wait_for_demand({}));
  }
  EXPECT_GT(most, 10u);
}

TEST(JobBuffer, WantsNothingWhileAllExecutorsAreBusyWithSlowJobs) {
  JobBuffer buffer{2, 100};
  buffer.put(jobs(2));
  ASSERT_TRUE(buffer.take());
  ASSERT_TRUE(buffer.take());
  auto demand = std::async(std::launch::async, [&] { return buffer.wait_for_demand({}); });
  EXPECT_EQ(demand.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  buffer.done();
  EXPECT_GE(demand.get(), 1u) << "until one of them is done";
}

TEST(JobBuffer, StopsWaitingForDemandWhenToldTo) {
  JobBuffer buffer{1, 0};
  buffer.put(jobs(1));
  ASSERT_TRUE(buffer.take());
  std::stop_source stop;
  auto demand = std::async(std::launch::async, [&] { return buffer.wait_for_demand(stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(demand.get(), 0u);
}

TEST(JobBuffer, HandsJobsOutInTheirOrder) {
  JobBuffer buffer{1, 0};
  buffer.put(jobs(3));
  for (const auto* entry : {"0", "1", "2"}) EXPECT_EQ(buffer.take()->entry, entry);
}

TEST(JobBuffer, WakesAsManyExecutorsAsJobsCome) {
  JobBuffer buffer{3, 0};
  std::vector<std::future<std::optional<Fetched>>> executors;
  for (int i = 0; i < 3; ++i)
    executors.push_back(std::async(std::launch::async, [&] { return buffer.take(); }));
  buffer.put(jobs(1));
  buffer.put(jobs(2));
  for (auto& executor : executors) EXPECT_TRUE(executor.get());
  EXPECT_EQ(buffer.running(), 3u);
}

TEST(JobBuffer, GivesBackWhatWasNotTakenWhenItCloses) {
  JobBuffer buffer{1, 0};
  buffer.put(jobs(3));
  ASSERT_TRUE(buffer.take());
  const auto untouched = buffer.close();
  ASSERT_EQ(untouched.size(), 2u);
  EXPECT_EQ(untouched[0].entry, "1");
  EXPECT_FALSE(buffer.take()) << "and hands out no more";
  EXPECT_EQ(buffer.running(), 1u);
  buffer.done();
  EXPECT_EQ(buffer.running(), 0u);
}

TEST(JobBuffer, WakesTheExecutorsThatWaitWhenItCloses) {
  JobBuffer buffer{2, 0};
  auto first = std::async(std::launch::async, [&] { return buffer.take(); });
  auto second = std::async(std::launch::async, [&] { return buffer.take(); });
  buffer.close();
  EXPECT_FALSE(first.get());
  EXPECT_FALSE(second.get());
}

}  // namespace
}  // namespace aftercommit::worker
