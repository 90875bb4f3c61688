// What one page may cost Redis: where a look stops, that it says so, and that the next one goes on from
// there.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "dashboard_fixture.hpp"
#include "operate/dead_list.hpp"
#include "operate/job_list.hpp"
#include "operate/job_story.hpp"

namespace aftercommit {
namespace {

using ::testing::HasSubstr;

class DashboardBounds : public support::DashboardTest {
 protected:
  static constexpr int kMostSteps = 100;

  /// A letter that cannot be read, which has a handle.
  void bury_text(const std::string& text, std::int64_t died_ms) {
    redis.ask("ZADD", redis.mail().dead, std::to_string(died_ms), text);
  }

  operate::Servers servers{shop()};
};

TEST_F(DashboardBounds, EndAPageAfterSomePartsOfRedisAndTheNextPagesShowTheRestOnce) {
  std::set<std::string> expected;
  for (long id = 0; id < 3; ++id) expected.insert(durable(id).str()), expected.insert(other(id).str());
  const operate::LookBounds bounds{.parts = 1, .queues = std::vector<Queue>{"a", "b", "mail", "z"}};
  operate::JobsAsked asked{.limit = 10};
  std::vector<std::string> found;
  int pages = 0;
  do {
    const auto list = operate::list_jobs(servers, asked, bounds);
    EXPECT_EQ(list.cut_off, !list.next.empty()) << "no page is full";
    for (const auto& job : list.jobs) found.push_back(job.id);
    asked.after = list.next;
  } while (!asked.after.empty() && ++pages < kMostSteps);
  EXPECT_GT(pages, 3);
  EXPECT_EQ(found.size(), expected.size());
  EXPECT_EQ((std::set<std::string>{found.begin(), found.end()}), expected);
  const auto full = operate::list_jobs(servers, {.limit = 2});
  EXPECT_FALSE(full.next.empty());
  EXPECT_FALSE(full.cut_off);
}

TEST_F(DashboardBounds, LetAStoryBeLookedForInSteps) {
  for (long id = 0; id < 5; ++id) other(id);
  const auto last = other(5);
  const operate::LookBounds bounds{.rows = 2};
  operate::JobHint hint;
  auto story = operate::find_story(servers, last, bounds, hint);
  EXPECT_TRUE(story.place_unsure);
  EXPECT_FALSE(story.place);
  int steps = 1;
  for (; story.place_unsure && steps < kMostSteps; ++steps) {
    hint.after = story.next;
    story = operate::find_story(servers, last, bounds, hint);
  }
  ASSERT_TRUE(story.place);
  EXPECT_EQ(story.place->queue, "mail");
  EXPECT_GE(steps, 3);

  hint = {};
  const auto nobodys = JobId::generate();
  for (steps = 0; steps < kMostSteps; ++steps) {
    story = operate::find_story(servers, nobodys, bounds, hint);
    if (story.next.empty()) break;
    hint.after = story.next;
  }
  EXPECT_LT(steps, kMostSteps);
  EXPECT_FALSE(story.place_unsure);
  EXPECT_EQ(story.fate, operate::JobFate::kUnknown);
  for (const char* wrong : {"nonsense", "x:mail", "q:mail:1", "l:mail", "l:mail:x", "r:no name:1"}) {
    EXPECT_THROW(operate::find_story(servers, nobodys, bounds, {.after = wrong}), UsageError) << wrong;
  }
}

TEST_F(DashboardBounds, LetALetterBeLookedForInStepsAndAtOnceWhereItsTimeIsKnown) {
  constexpr std::int64_t kFirst = 1'700'000'000'000;
  for (int i = 0; i < 6; ++i) bury_text("no job " + std::to_string(i), kFirst + i);
  const auto oldest = operate::newest_dead(servers, {}, 10).jobs.back();
  const operate::LookBounds bounds{.rows = 2};
  operate::JobHint hint;
  auto search = operate::search_dead(servers, oldest.id, bounds, hint);
  EXPECT_FALSE(search.found.job);
  int steps = 1;
  for (; !search.next.empty() && steps < kMostSteps; ++steps) {
    hint.after = search.next;
    search = operate::search_dead(servers, oldest.id, bounds, hint);
  }
  ASSERT_TRUE(search.found.job);
  EXPECT_EQ(search.found.job->text, "no job 0");
  EXPECT_GE(steps, 3);
  const operate::JobHint known{.queue = "mail", .died_at = from_epoch_ms(kFirst)};
  EXPECT_TRUE(operate::search_dead(servers, oldest.id, bounds, known).found.job);
  EXPECT_TRUE(operate::find_dead(servers, oldest.id).job) << "without bounds";
}

TEST_F(DashboardBounds, FindADeadJobOfRedisByItsTimeThoughMoreWaitThanALookMayCost) {
  other(1);
  const auto dead = die();
  for (long id = 2; id < 8; ++id) other(id);
  const auto died_at = operate::newest_dead(servers, {}, 1).jobs.at(0).died_at;
  const operate::LookBounds bounds{.rows = 2};
  EXPECT_EQ(operate::find_story(servers, dead, bounds).fate, operate::JobFate::kUnknown);
  EXPECT_EQ(operate::find_story(servers, dead, bounds, {.queue = "mail", .died_at = died_at}).fate,
            operate::JobFate::kDead);
}

TEST_F(DashboardBounds, AskRedisOnlyForQueuesThatTheCollectorHasFound) {
  const auto known = other(1).str();
  serve();
  EXPECT_EQ(json_of(get("/api/jobs")).at("jobs").size(), 1U);
  const auto late = receipt.apply_async({.queue = "late", .delivery = Delivery::kOnCommit}, 2L).str();
  EXPECT_THAT(get("/api/jobs?order=oldest")->body, HasSubstr(known));
  // It would take a look through all keys of Redis, which are not ours alone: the collector's, once a minute.
  EXPECT_EQ(json_of(get("/api/jobs?order=oldest&limit=9")).at("jobs").size(), 1U);
  EXPECT_EQ(json_of(get("/api/job?id=" + late)).at("fate"), "unknown");
  EXPECT_EQ(json_of(get("/api/jobs?queue=late")).at("jobs").size(), 1U);
  EXPECT_EQ(json_of(get("/api/job?id=" + late + "&queue=late")).at("fate"), "waiting");
  EXPECT_EQ(get("/api/job?id=" + late + "&after=nonsense")->status, 400);
  EXPECT_EQ(get("/api/job?id=" + late + "&died_at_ms=yesterday")->status, 400);
}

}  // namespace
}  // namespace aftercommit
