/// How what is wanted is dealt out among those who fetch from several shards.
#include "worker/intake/fetch_turns.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>

#include "worker/intake/job_buffer.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

class FetchTurnsTest : public ::testing::Test {
 protected:
  FetchTurnsTest() {
    for (std::size_t i = 0; i < 3; ++i) turns.begin_wait(i);
  }
  std::size_t share(std::size_t fetcher, std::size_t wanted, std::size_t idle = 0) const {
    return turns.share_of(fetcher, wanted, idle, now);
  }
  /// Asks for its share; how much that is.
  std::size_t ask(std::size_t fetcher, std::size_t wanted) {
    const auto asked = share(fetcher, wanted);
    if (asked > 0) turns.goes_on(fetcher, asked);
    return asked;
  }
  void find(std::size_t fetcher, std::size_t jobs) {
    turns.found(fetcher, jobs);
    turns.begin_wait(fetcher);
  }

  FetchTurns turns{3};
  FetchTurns::Clock::time_point now = FetchTurns::Clock::now();
};

TEST_F(FetchTurnsTest, GiveAllToTheOnlyFetcher) {
  FetchTurns one{1};
  one.begin_wait(0);
  one.goes_on(0, 10);
  one.found(0, 0);
  one.begin_wait(0);
  EXPECT_EQ(one.share_of(0, 7, 0, now), 7U);
  EXPECT_TRUE(one.all_empty());
  EXPECT_EQ(one.looks_again_at(0, now), FetchTurns::Clock::time_point::max());
}

TEST_F(FetchTurnsTest, ShareMuchAtOnceAmongShardsWithABacklogAndAskForNoMoreThanIsWanted) {
  EXPECT_EQ(ask(0, 300), 100U);
  EXPECT_EQ(ask(1, 300), 100U);
  EXPECT_EQ(ask(2, 300), 100U);
  find(0, 100);
  EXPECT_EQ(ask(0, 200), 0U) << "as much is on its way";
}

TEST_F(FetchTurnsTest, GiveLittleToOneAfterTheOther) {
  std::array<int, 3> jobs{};
  for (int i = 0; i < 300; ++i) {
    std::optional<std::size_t> next;
    for (std::size_t fetcher = 0; fetcher < 3; ++fetcher) {
      if (const auto asked = ask(fetcher, 1); asked > 0) {
        EXPECT_FALSE(next) << "more than was wanted";
        next = fetcher;
        ++jobs.at(fetcher);
      }
    }
    ASSERT_TRUE(next) << "nobody's turn";
    find(*next, 1);
  }
  for (const auto of_one : jobs) EXPECT_EQ(of_one, 100);
}

TEST_F(FetchTurnsTest, AskAShardWithoutABacklogForAPartBesideTheOthers) {
  turns.goes_on(1, 20);
  turns.found(1, 3);
  turns.begin_wait(1);
  EXPECT_EQ(share(1, 90, 1), 30U);
  EXPECT_EQ(share(1, 90, 0), 0U) << "it has looked just now, and nobody here is idle";
  EXPECT_EQ(turns.share_of(1, 90, 0, turns.looks_again_at(1, now)), 30U);
  EXPECT_EQ(share(0, 90), 45U);
}

TEST_F(FetchTurnsTest, GiveToOthersWhatAShardThatFailsOrHangsWasAskedFor) {
  EXPECT_EQ(ask(0, 8), 8U);
  EXPECT_EQ(share(1, 8), 0U);
  turns.failed(0);
  EXPECT_EQ(ask(1, 8), 8U);
  EXPECT_EQ(share(2, 8), 0U);
  now = turns.looks_again_at(2, now);
  EXPECT_EQ(share(2, 8), 8U) << "the answer of a shard with a backlog takes no such time";
}

TEST(JobBufferOfShards, LetsAFetcherGoOnWhileAnotherHangs) {
  JobBuffer buffer{4, 0, {}, 2};
  ASSERT_EQ(buffer.wait_for_demand({}, 0), 4U);
  const auto begun = FetchTurns::Clock::now();
  EXPECT_EQ(buffer.wait_for_demand({}, 1), 4U);
  EXPECT_LT(FetchTurns::Clock::now() - begun, 2s);
}

TEST(JobBufferOfShards, LetsAFetcherGoOnWhileTwoOthersHang) {
  JobBuffer buffer{4, 0, {}, 3};
  const auto begun = FetchTurns::Clock::now();
  for (std::size_t fetcher = 0; fetcher < 3; ++fetcher) {
    EXPECT_GT(buffer.wait_for_demand({}, fetcher), 0U);
    EXPECT_LT(FetchTurns::Clock::now() - begun, 2s) << "fetcher " << fetcher;
  }
}

TEST_F(FetchTurnsTest, WaitForNoAnswerThatIsLateAlready) {
  EXPECT_EQ(ask(0, 8), 8U);
  now = turns.looks_again_at(2, now);
  EXPECT_EQ(ask(1, 8), 8U);
  const auto next = turns.looks_again_at(2, now);
  EXPECT_GT(next, now) << "the later of the two";
  EXPECT_EQ(turns.share_of(2, 8, 0, next), 8U);
}

}  // namespace
}  // namespace aftercommit::worker
