/// The jobs that a process has taken from job tables: wanted, handed out, ended, left.
#include "broker/none/taken_jobs.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "aftercommit/error.hpp"
#include "broker/contract/row_entry.hpp"
#include "broker/none/none_broker.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using How = TakenJobs::Left::How;

class TakenJobsTest : public ::testing::Test {
 protected:
  static TakenJobs::Job job(Priority level = Priority::kNormal) {
    return {.id = JobId::generate(), .queue = "mail", .payload = "text", .level = level, .database = "shop"};
  }
  std::vector<Fetched> fetch(std::size_t count = 10, Millis wait = 0ms) {
    return jobs.fetch("ann", std::vector<Queue>{"mail"}, count, wait);
  }
  Settled settle(Settlement settlement, const WorkerId& worker = "ann") {
    return jobs.settle(worker, {&settlement, 1}).front();
  }
  /// What its taker is to do right now.
  TakenJobs::Turn turn() {
    return jobs.wait("shop", [](const TakenJobs::Wanted&) { return TakenJobs::Clock::time_point{}; }, {});
  }

  TakenJobs jobs;
};

TEST_F(TakenJobsTest, AreWantedBecauseSomebodyFetches) {
  EXPECT_TRUE(fetch(3).empty());
  const auto found = turn();
  EXPECT_EQ(found.wanted.queues, std::vector<Queue>{"mail"});
  EXPECT_EQ(found.wanted.count, 3U);
}

TEST_F(TakenJobsTest, WakeWhoWaitsForThem) {
  std::vector<Fetched> found;
  {
    const std::jthread fetcher{[&] { found = fetch(1, 20s); }};
    EXPECT_EQ(turn().wanted.count, 1U);
    jobs.put({job()});
  }
  EXPECT_EQ(found.size(), 1U);
}

TEST_F(TakenJobsTest, AreHandedOutOnceAndTheMostUrgentFirst) {
  const auto low = job(Priority::kLow);
  const auto urgent = job(Priority::kCritical);
  jobs.put({low, urgent, low});
  const auto found = fetch();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(job_of_row(found[0].entry), urgent.id);
  EXPECT_EQ(job_of_row(found[1].entry), low.id);
  EXPECT_TRUE(is_of_a_row(found[0].entry));
  EXPECT_LE(found[0].entry.size(), 46U) << "what a slot of a batch holds";
}

TEST_F(TakenJobsTest, AreSettledByWhoHoldsThemAndByThatHandOverAlone) {
  jobs.put({job()});
  const auto held = fetch().front();
  EXPECT_EQ(jobs.held_by("ann", "mail", {&held.entry, 1}).size(), 1U);
  Settlement done{.queue = "mail", .entry = held.entry};
  EXPECT_EQ(settle(done, "bob"), Settled::kHeldByOther);
  EXPECT_EQ(settle({.queue = "mail", .entry = "7-0"}), Settled::kNotPending);
  EXPECT_EQ(settle(done), Settled::kDone);
  EXPECT_EQ(settle(done), Settled::kNotPending);
}

TEST_F(TakenJobsTest, ThatAreToRunLaterAreLeftToTheirRows) {
  jobs.put({job()});
  const auto held = fetch().front();
  settle({.kind = Settlement::Kind::kRetry, .queue = "mail", .entry = held.entry, .countdown = 3s});
  const auto left = turn().left;
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].how, How::kLater);
  EXPECT_EQ(left[0].again, 3s);
  EXPECT_TRUE(fetch().empty());
}

TEST_F(TakenJobsTest, ThatNobodyFetchesInTimeAreLeftToOthers) {
  jobs.put({job()});
  const auto left = turn().left;
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].how, How::kLater);
  EXPECT_TRUE(fetch().empty());
}

TEST_F(TakenJobsTest, StandAsideUntilTheyAreBroughtBack) {
  jobs.put({job()});
  const auto held = fetch().front();
  settle({.kind = Settlement::Kind::kAside,
          .queue = "mail",
          .entry = held.entry,
          .payload = "text",
          .countdown = 1h,
          .reason = "task:later"});
  EXPECT_EQ(turn().left.front().how, How::kAside);
  const std::vector<Queue> queues{"mail"};
  ASSERT_EQ(jobs.aside(queues, false).size(), 1U);
  EXPECT_TRUE(jobs.aside(queues, true).empty()) << "it waits for no limit";
  EXPECT_EQ(jobs.bring_back("mail", "task:later", 10, false), 0U) << "its time has not come";
  EXPECT_EQ(jobs.bring_back("mail", "task:later", 10, true), 1U);
  EXPECT_TRUE(jobs.aside(queues, false).empty());
  EXPECT_EQ(fetch().size(), 1U);
}

TEST(NoneBrokerTest, RefusesWhatIsNotDurableAndSaysWhatItNeeds) {
  NoneBroker broker;
  const std::vector<Outgoing> both{{.queue = "mail", .payload = "a", .durable = JobId::generate()},
                                   {.queue = "mail", .payload = "b"}};
  try {
    broker.enqueue(both, 1s);
    FAIL() << "it has taken both";
  } catch (const EnqueueFailure& failure) {
    EXPECT_EQ(failure.unsent(), std::vector<std::size_t>{1});
    EXPECT_NE(std::string{failure.what()}.find("needs Redis"), std::string::npos) << failure.what();
  }
}

}  // namespace
}  // namespace aftercommit
