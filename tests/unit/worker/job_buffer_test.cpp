// Where fetched jobs wait: how many are wanted, and that none is lost when the buffer closes.
#include "worker/intake/job_buffer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

std::vector<Fetched> jobs(std::size_t count) {
  std::vector<Fetched> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back({"default", std::to_string(i), "{}"});
  return made;
}

void run_quick_jobs(JobBuffer& buffer) {
  for (int i = 0; i < 10'000; ++i) {
    buffer.put(jobs(1));
    ASSERT_TRUE(buffer.take());
    buffer.done();
    ASSERT_GT(buffer.wait_for_demand({}), 0u);
  }
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

TEST(JobBuffer, LetsGoOfJobsThatWaitBehindASlowOne) {
  JobBuffer buffer{1, 100};
  buffer.put(jobs(3));
  ASSERT_TRUE(buffer.take());
  std::vector<Fetched> stranded;
  EXPECT_TRUE(support::eventually([&] {
    buffer.wait_for_demand({});
    stranded = buffer.take_stranded();
    return !stranded.empty();
  }));
  ASSERT_EQ(stranded.size(), 2u);
  EXPECT_EQ(stranded[0].entry, "1");
  EXPECT_TRUE(buffer.take_stranded().empty());
  auto demand = std::async(std::launch::async, [&] { return buffer.wait_for_demand({}); });
  EXPECT_EQ(demand.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout)
      << "and wants no others while it runs";
  buffer.done();
  EXPECT_GE(demand.get(), 1u);
}

TEST(JobBuffer, KeepsJobsThatAnIdleExecutorWillTake) {
  JobBuffer buffer{2, 0};
  run_quick_jobs(buffer);
  ASSERT_EQ(buffer.wait_for_demand({}), 2u);
  buffer.put(jobs(2));
  ASSERT_TRUE(buffer.take());
  buffer.put({});
  std::stop_source stop;
  auto demand = std::async(std::launch::async, [&] { return buffer.wait_for_demand(stop.get_token()); });
  EXPECT_EQ(demand.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  stop.request_stop();
  demand.get();
  EXPECT_TRUE(buffer.take_stranded().empty());
}

TEST(JobBuffer, IsImpatientWithSlowJobsOnlyWhereTheQueuesAreEmpty) {
  constexpr std::chrono::milliseconds kLong{500};
  JobBuffer buffer{1, 100};
  run_quick_jobs(buffer);
  const auto wanted = buffer.wait_for_demand({});
  ASSERT_GT(wanted, 1u);
  buffer.put(jobs(wanted));
  ASSERT_TRUE(buffer.take());
  EXPECT_EQ(buffer.fetch_wait(kLong), Patience::kWithABacklog);
  buffer.put({});
  EXPECT_EQ(buffer.fetch_wait(kLong), Patience::kLeast);
}

TEST(JobBuffer, LearnsNothingOfTheQueuesFromTheOneJobItAskedFor) {
  constexpr std::chrono::milliseconds kLong{500};
  JobBuffer buffer{1, 0};
  run_quick_jobs(buffer);
  ASSERT_EQ(buffer.wait_for_demand({}), 1u);
  buffer.put({});
  buffer.put(jobs(1));
  ASSERT_TRUE(buffer.take());
  EXPECT_EQ(buffer.fetch_wait(kLong), Patience::kLeast) << "they were empty before";
}

TEST(JobBuffer, LetsAFetchWaitLongOnlyForAnIdleExecutor) {
  constexpr std::chrono::milliseconds kLong{500};
  JobBuffer buffer{2, 100};
  EXPECT_EQ(buffer.fetch_wait(kLong), kLong);
  buffer.put(jobs(2));
  EXPECT_LT(buffer.fetch_wait(kLong), kLong) << "there is a job for each";
  ASSERT_TRUE(buffer.take());
  ASSERT_TRUE(buffer.take());
  EXPECT_LT(buffer.fetch_wait(kLong), kLong) << "both are busy";
  buffer.done();
  EXPECT_EQ(buffer.fetch_wait(kLong), kLong);
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

TEST(JobBuffer, HandsOutNothingAheadWhileAnExecutorIsIdle) {
  JobBuffer buffer{2, 10};
  buffer.put(jobs(3));
  ASSERT_TRUE(buffer.take());
  EXPECT_FALSE(buffer.take_ahead());
  ASSERT_TRUE(buffer.take());
  EXPECT_EQ(buffer.take_ahead()->entry, "2");
  EXPECT_FALSE(buffer.take_ahead()) << "nothing is left";
}

TEST(JobBuffer, CountsAnExecutorThatGoesOnAsOne) {
  JobBuffer buffer{1, 0};
  buffer.put(jobs(2));
  ASSERT_TRUE(buffer.take());
  ASSERT_TRUE(buffer.take_ahead());
  EXPECT_EQ(buffer.running(), 1u);
  buffer.done(true);
  EXPECT_EQ(buffer.running(), 1u);
  buffer.done();
  EXPECT_EQ(buffer.running(), 0u);
  EXPECT_EQ(buffer.wait_for_demand({}), 1u);
}

TEST(JobBuffer, HandsOutNothingAheadOnceItIsClosed) {
  JobBuffer buffer{1, 0};
  buffer.put(jobs(2));
  ASSERT_TRUE(buffer.take());
  EXPECT_EQ(buffer.close().size(), 1u);
  EXPECT_FALSE(buffer.take_ahead());
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

TEST(JobBuffer, WakesEveryExecutorWhenAsManyJobsComeAtOnce) {
  constexpr std::size_t kExecutors = 8;
  constexpr std::size_t kRounds = 50;
  JobBuffer buffer{kExecutors, 0};
  std::atomic<std::size_t> started{0};
  std::atomic<std::size_t> finished{0};
  std::atomic<std::size_t> round{1};
  std::vector<std::jthread> executors;
  for (std::size_t i = 0; i < kExecutors; ++i) {
    executors.emplace_back([&] {
      while (buffer.take()) {
        // No job ends before all of its round have begun: each needs an executor of its own.
        ++started;
        started.notify_all();
        for (auto seen = started.load(); seen < round * kExecutors; seen = started) started.wait(seen);
        buffer.done();
        ++finished;
      }
    });
  }
  bool all_started = true;
  for (; all_started && round <= kRounds; ++round) {
    buffer.put(jobs(kExecutors));
    all_started = support::eventually([&] { return finished == round * kExecutors; });
    EXPECT_TRUE(all_started) << "only " << started % kExecutors << " executors came, in round " << round;
  }
  buffer.close();
  started = kExecutors * (kRounds + 2);  // lets go of those that wait where one did not come
  started.notify_all();
}

TEST(JobBuffer, HandsOutEachJobOnceWhileManyPutAndMoreTake) {
  constexpr std::size_t kProducers = 4;
  constexpr std::size_t kTakers = 8;
  constexpr std::size_t kBatches = 500;
  constexpr std::size_t kMost = 2 * kTakers;
  JobBuffer buffer{kTakers, 100};
  std::mutex mutex;
  std::map<std::string, int> taken;
  std::atomic<std::size_t> put{0};
  std::atomic<std::size_t> done{0};
  std::vector<std::jthread> takers;
  for (std::size_t i = 0; i < kTakers; ++i) {
    takers.emplace_back([&] {
      while (const auto job = buffer.take()) {
        {
          const std::lock_guard lock{mutex};
          ++taken[job->queue + "/" + job->entry];
        }
        buffer.done();
        ++done;
      }
    });
  }
  {
    std::vector<std::jthread> producers;
    for (std::size_t producer = 0; producer < kProducers; ++producer) {
      producers.emplace_back([&, producer] {
        std::mt19937 random{static_cast<std::mt19937::result_type>(producer)};
        std::size_t made = 0;
        for (std::size_t batch = 0; batch < kBatches; ++batch) {
          std::vector<Fetched> some(1 + random() % kMost);
          for (auto& job : some) job = {std::to_string(producer), std::to_string(made++), "{}"};
          put += some.size();
          buffer.put(std::move(some));
          // Now and then all executors have fallen asleep when the next jobs come.
          if (random() % 8 == 0 && !support::eventually([&] { return done == put; })) return;
        }
      });
    }
  }
  EXPECT_TRUE(support::eventually([&] { return done == put; })) << done << " of " << put;
  EXPECT_TRUE(buffer.close().empty());
  takers.clear();
  EXPECT_EQ(taken.size(), put);
  for (const auto& [job, times] : taken) EXPECT_EQ(times, 1) << job;
  EXPECT_EQ(buffer.running(), 0u);
}

/// Of these tasks, in this order; numbered as they come.
std::vector<Fetched> jobs_of(const std::vector<std::string>& tasks) {
  auto made = jobs(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    made[i].payload = R"({"v":1,"id":"a","task":")" + tasks[i] + R"(","args":[{"task":"mail"}]})";
  return made;
}

Batching of_kinds(std::vector<Batching::Kind> kinds) { return Batching{std::move(kinds)}; }

std::string entries(const std::vector<Fetched>& some) {
  std::string all;
  for (const auto& job : some) all += job.entry;
  return all;
}

TEST(JobBuffer, HandsOutTogetherWhatIsThereOfOneTaskAndQueueUpToItsMost) {
  JobBuffer buffer{1, 100, of_kinds({{"mail", 3}, {"mai", 2}})};
  auto some = jobs_of({"mail", "other", "mail", "mail", "mail"});
  some[2].queue = "elsewhere";
  buffer.put(std::move(some));
  std::vector<Fetched> like;
  EXPECT_EQ(buffer.take(&like)->entry, "0");
  EXPECT_EQ(entries(like), "34");
  buffer.done();
  like.clear();
  EXPECT_EQ(buffer.take(&like)->entry, "1");
  EXPECT_TRUE(like.empty());
  buffer.done();
  EXPECT_EQ(buffer.take(&like)->entry, "2");
  EXPECT_TRUE(like.empty()) << "it waits for no more";
}

TEST(JobBuffer, HandsOutAloneWhatIsToRunWithoutOthersAndTheRestTogetherAgain) {
  JobBuffer buffer{1, 100, of_kinds({{"mail", 10}})};
  buffer.put(jobs_of({"mail", "mail", "mail", "mail"}));
  std::vector<Fetched> like;
  ASSERT_TRUE(buffer.take(&like));
  ASSERT_EQ(entries(like), "123");
  EXPECT_TRUE(buffer.put_back({like[0]}, {like[1], like[2]}));
  buffer.done();
  like.clear();
  EXPECT_EQ(buffer.take(&like)->entry, "1");
  EXPECT_TRUE(like.empty());
  EXPECT_FALSE(buffer.take_ahead()) << "it may run with others";
  buffer.done();
  EXPECT_EQ(buffer.take(&like)->entry, "2");
  EXPECT_EQ(entries(like), "3");
  buffer.close();
  EXPECT_FALSE(buffer.put_back(like, {})) << "whoever has them gives them back";
}

TEST(JobBuffer, LeavesToOthersWhatWasPutBackAndWaitsLongThoughTheFetcherSlept) {
  JobBuffer buffer{1, 100, of_kinds({{"mail", 10}})};
  buffer.put(jobs_of({"mail", "mail", "mail"}));
  std::vector<Fetched> like;
  ASSERT_TRUE(buffer.take(&like));
  std::stop_source stop;
  auto demand = std::async(std::launch::async, [&] { return buffer.wait_for_demand(stop.get_token()); });
  EXPECT_EQ(demand.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  EXPECT_TRUE(buffer.put_back(like, {}));
  EXPECT_EQ(demand.wait_for(std::chrono::seconds{5}), std::future_status::ready);
  stop.request_stop();
  EXPECT_EQ(demand.get(), 0u);
  EXPECT_EQ(entries(buffer.take_stranded()), "12");
}

TEST(JobBuffer, WantsAsManyForAnIdleExecutorAsItTookTogether) {
  JobBuffer buffer{2, 100, of_kinds({{"mail", 50}})};
  EXPECT_EQ(buffer.wait_for_demand({}), 2u);
  buffer.put(jobs_of({"mail", "mail"}));
  std::vector<Fetched> like;
  ASSERT_TRUE(buffer.take(&like));
  EXPECT_GE(buffer.wait_for_demand({}), 50u);
  buffer.put(jobs_of({"other"}));
  ASSERT_TRUE(buffer.take(&like));
  buffer.done();
  EXPECT_LT(buffer.wait_for_demand({}), 50u) << "they are of another kind now";
}

TEST(JobBuffer, HasAnIdleExecutorWhileOneHasNothingToDoAndNothingWaitsForIt) {
  JobBuffer buffer{2, 0};
  EXPECT_TRUE(buffer.has_idle());
  buffer.put(jobs(2));
  EXPECT_FALSE(buffer.has_idle());
  ASSERT_TRUE(buffer.take());
  ASSERT_TRUE(buffer.take());
  EXPECT_FALSE(buffer.has_idle());
  buffer.done();
  EXPECT_TRUE(buffer.has_idle());
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
