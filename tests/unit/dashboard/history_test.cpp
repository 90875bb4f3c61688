// What charts are drawn of, and looks that pages share: how long they are good, and how soon the next one is.
#include "dashboard/history.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "dashboard/collector.hpp"
#include "dashboard/shared_looks.hpp"
#include "support/eventually.hpp"

namespace aftercommit::dashboard {
namespace {

using namespace std::chrono_literals;
using operate::Glance;
using operate::Json;

Glance glance(std::chrono::seconds at, std::int64_t ended, std::int64_t ready) {
  Glance glance{.looked_at = std::chrono::steady_clock::time_point{} + at};
  auto& queue = glance.queues["mail"];
  queue.redis.ended = ended;
  queue.redis.ready = ready;
  return glance;
}

TEST(HistoryOfQueues, MakesARateOfTwoLooksAndKnowsNoneWhereRedisHasLostItsCount) {
  History history;
  const auto begin = History::Time{} + 1h;
  history.add(glance(10s, 100, 3), begin);
  history.add(glance(20s, 150, 4), begin + 10s);
  history.add(glance(30s, 7, 0), begin + 20s);
  const auto document = history.in_json({});
  EXPECT_EQ(document["times"].size(), 3U);
  EXPECT_EQ(document["queues"]["mail"]["rate"], Json::parse("[null, 5.0, null]"));
  EXPECT_EQ(document["sum"]["depth"], Json::parse("[3, 4, 0]"));
  EXPECT_EQ(history.in_json(begin + 10s)["times"].size(), 1U);
}

TEST(HistoryOfQueues, IsOfABoundedSize) {
  History history;
  const auto begin = History::Time{} + 1h;
  for (int i = 0; i < 5000; ++i)
    history.add(glance(std::chrono::seconds{i}, i, i), begin + std::chrono::seconds{i});
  const auto times = history.in_json({})["times"];
  EXPECT_LE(times.size(), static_cast<std::size_t>(History::kLength / History::kStep) + 2);
  history.add(glance(5001s, 1, 1), begin);  // the clock was set back
  EXPECT_EQ(history.in_json({})["times"].size(), 1U);
  Glance many{.looked_at = {}};
  for (int i = 0; i < 1000; ++i) many.queues["queue-" + std::to_string(i)].redis.ready = i;
  history.add(many, begin + 2h);
  EXPECT_LE(history.in_json({})["queues"].size(), History::kQueuesShown);
}

TEST(SharedLook, IsDoneOnceForAllWhoAskAtOnceAndAnewAfterAChange) {
  SharedLooks looks;
  std::atomic<int> done = 0;
  std::promise<void> go;
  const auto gate = go.get_future().share();
  const auto look = [&]() -> Json {
    ++done;
    gate.wait();
    return done.load();
  };
  std::vector<std::future<Json>> pages;
  for (int i = 0; i < 10; ++i) {
    pages.push_back(std::async(std::launch::async, [&] { return looks.get("jobs", 1h, look); }));
  }
  ASSERT_TRUE(support::eventually([&] { return done == 1; }));
  go.set_value();
  for (auto& page : pages) EXPECT_EQ(page.get(), 1);
  EXPECT_EQ(looks.get("jobs", 1h, look), 1);
  looks.forget();
  EXPECT_EQ(looks.get("jobs", 1h, look), 2);
  EXPECT_EQ(looks.get("dead", 1h, look), 3);
}

TEST(SharedLook, IsGoodForTenTimesWhatItTookUnlessItFoundAServerAway) {
  EXPECT_EQ(SharedLooks::kept_for(10ms, 1500ms, false), 1500ms);
  EXPECT_EQ(SharedLooks::kept_for(5s, 1500ms, false), 50s);
  EXPECT_LE(SharedLooks::kept_for(5s, 1500ms, true), 5s) << "who waits for it to come back is to see that";
}

TEST(SharedLook, ThatHangsLetsTheOtherPagesGoWithAWord) {
  SharedLooks looks{20ms};
  std::promise<void> go;
  std::atomic<bool> begun = false;
  auto first = std::async(std::launch::async, [&] {
    return looks.get("jobs", 1h, [&]() -> Json {
      begun = true;
      go.get_future().wait();
      return 1;
    });
  });
  ASSERT_TRUE(support::eventually([&] { return begun.load(); }));
  try {
    looks.get("jobs", 1h, []() -> Json { return 2; });
    ADD_FAILURE() << "it has waited on";
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 503);
  }
  go.set_value();
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(looks.get("jobs", 1h, []() -> Json { return 2; }), 1) << "good all the same";
}

TEST(CollectorOfADashboard, LooksAgainSoonWhereAServerIsAwayAndSeldomWhereOneIsSlow) {
  const operate::Answers all{.databases = {"default"}};
  operate::Answers away = all;
  away.outages.push_back({.error = "Redis does not answer"});
  operate::Answers slow = all;
  slow.outages.push_back({.alias = "default", .error = "too long", .too_slow = true});
  EXPECT_EQ(Collector::cost_of(4s, &all), 4s);
  EXPECT_EQ(Collector::cost_of(4s, &slow), 4s);
  EXPECT_LE(Collector::cost_of(4s, &away), 250ms);
  EXPECT_LE(Collector::cost_of(4s, nullptr), 250ms);
  EXPECT_EQ(Collector::cost_of(3ms, &away), 3ms);
}

TEST(SharedLook, ThatFailsSaysSoToAll) {
  SharedLooks looks;
  const auto fail = []() -> Json { throw Refusal{503, "Redis is away"}; };
  for (int i = 0; i < 2; ++i) {
    try {
      looks.get("jobs", 1h, fail);
      FAIL();
    } catch (const Refusal& refusal) {
      EXPECT_EQ(refusal.status, 503);
    }
  }
}

}  // namespace
}  // namespace aftercommit::dashboard
