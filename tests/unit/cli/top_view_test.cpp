/// The screen of `top` without a terminal: what it shows in 80 columns, and what keys ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/top/view.hpp"

namespace aftercommit::cli {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ResultOf;
using namespace std::chrono_literals;

Snapshot busy() {
  Snapshot snapshot;
  snapshot.at = std::chrono::system_clock::time_point{1'700'000'000s};
  snapshot.redis_answers = true;
  snapshot.databases = 1;
  snapshot.queues = {
      {.name = "mail", .ready = 12'345'678, .running = 3, .rate = 1200.0, .oldest = 90s, .workers = 2},
      {.name = "slow", .ready = 4, .dead = {.jobs = 7, .at_least = true}, .paused = true}};
  snapshot.dead = {{.id = "01a1fe0f-eacf-733b-b81e-04ebd4c4f54c",
                    .queue = "mail",
                    .task = "send_receipt",
                    .age = 5min,
                    .reason = "mail server\x1b[2J\nis down"}};
  snapshot.workers = {{.id = "host-1-0123456789ab", .queues = {"mail"}, .lease = 12s}};
  snapshot.periodic = {{.id = "1",
                        .database = "default",
                        .app = "shop",
                        .name = "nightly report",
                        .state = "active",
                        .schedule = "0 3 * * *",
                        .task = "report",
                        .until_next = 2h},
                       {.id = "2", .name = "hourly", .state = "paused", .last_ago = 30min}};
  snapshot.limits = {{.id = "1", .database = "default", .name = "bank", .most = 1, .declared = 10, .per = 1s},
                     {.id = "2", .database = "default", .name = "files", .most = 10'000, .declared = 10'000}};
  return snapshot;
}

std::string shown(View& view, const Snapshot& snapshot, ScreenSize size = {}) {
  std::string text;
  for (const auto& line : lines_of(view, snapshot, size, false)) text += line + '\n';
  return text;
}

std::optional<Act> type(View& view, const Snapshot& snapshot, std::string_view bytes) {
  std::optional<Act> last;
  for (const auto& key : keys_of(bytes)) last = press(view, snapshot, key);
  return last;
}

TEST(TopKeys, AreReadFromWhatATerminalSends) {
  EXPECT_THAT(keys_of("a\x1b[A\x1bOB\x1b[5~\t\r"),
              ::testing::ElementsAre(KeyPress{.letter = 'a'}, KeyPress{.key = Key::kUp},
                                     KeyPress{.key = Key::kDown}, KeyPress{.key = Key::kPageUp},
                                     KeyPress{.key = Key::kTab}, KeyPress{.key = Key::kEnter}));
  EXPECT_THAT(keys_of("\x1b"), ::testing::ElementsAre(KeyPress{.key = Key::kEscape}));
  EXPECT_THAT(keys_of("\x1b[99;99Rq"), ::testing::ElementsAre(KeyPress{.letter = 'q'})) << "no key of ours";
}

TEST(TopScreen, FillsTheTerminalAndNoMoreWhateverIsShown) {
  const auto snapshot = busy();
  for (const auto tab : {Tab::kQueues, Tab::kDead, Tab::kWorkers, Tab::kPeriodic, Tab::kLimits}) {
    for (const ScreenSize size :
         {ScreenSize{24, 80}, ScreenSize{5, 20}, ScreenSize{1, 10}, ScreenSize{60, 200}}) {
      View view{.tab = tab};
      const auto lines = lines_of(view, snapshot, size, false);
      EXPECT_EQ(lines.size(), size.rows);
      const auto width = [](std::string line) {
        for (const std::string_view code : {"\x1b[7m", "\x1b[0m"}) {
          if (const auto at = line.find(code); at != std::string::npos) line.erase(at, code.size());
        }
        return static_cast<std::size_t>(
            std::ranges::count_if(line, [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; }));
      };
      EXPECT_THAT(lines, Each(ResultOf(width, ::testing::Le(size.columns))));
    }
  }
}

TEST(TopScreen, ShowsWhatEachQueueHoldsInBrief) {
  View view;
  const auto text = shown(view, busy());
  EXPECT_THAT(text, HasSubstr("Redis answers, 1 of 1 database"));
  EXPECT_THAT(text, ::testing::ContainsRegex("mail +12M +0 +3 +0 +1200 +1 min +2"));
  EXPECT_THAT(text, ::testing::ContainsRegex("slow \\(paused\\) +4 +0 +0 +7\\+ +- +- +0"));
}

TEST(TopScreen, ShowsPeriodicTasksAndLimits) {
  View view;
  type(view, busy(), "4");
  EXPECT_THAT(shown(view, busy()),
              ::testing::ContainsRegex("nightly report +active +0 3 \\* \\* \\* +2 h +-  report"));
  EXPECT_THAT(shown(view, busy()), ::testing::ContainsRegex("hourly +paused +- +30 min"));
  type(view, busy(), "\t");
  EXPECT_THAT(shown(view, busy()), ::testing::ContainsRegex("bank +1 in 1 s +all +10 +-  default"));
  type(view, busy(), "\t");
  EXPECT_EQ(view.tab, Tab::kQueues);
}

TEST(TopScreen, LetsNoTextOfAJobSteerTheTerminal) {
  View view{.tab = Tab::kDead};
  const auto text = shown(view, busy());
  EXPECT_THAT(text, HasSubstr("mail server"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[2J")));
}

TEST(TopScreen, SaysWhichServerIsAway) {
  auto snapshot = busy();
  snapshot.redis_answers = false;
  snapshot.trouble = "cannot connect to Redis at 127.0.0.1:1: Connection refused";
  View view;
  EXPECT_THAT(shown(view, snapshot), HasSubstr("Redis does not answer"));
  EXPECT_THAT(shown(view, snapshot), HasSubstr("cannot connect to Redis at 127.0.0.1:1"));
}

TEST(TopKeys, PauseTheMarkedQueueAndResumeOneThatIs) {
  const auto snapshot = busy();
  View view;
  auto act = type(view, snapshot, "p");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kPause);
  EXPECT_EQ(act->queue, "mail");
  act = type(view, snapshot, "jp");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kResume);
  EXPECT_EQ(act->queue, "slow");
}

TEST(TopKeys, ChangeDeadJobsOnlyAfterAYes) {
  const auto snapshot = busy();
  View view;
  EXPECT_FALSE(type(view, snapshot, "2x"));
  EXPECT_THAT(shown(view, snapshot),
              HasSubstr("Delete dead job 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c for good?"));
  EXPECT_FALSE(type(view, snapshot, "n"));
  EXPECT_FALSE(type(view, snapshot, "y")) << "the question is gone";
  const auto act = type(view, snapshot, "ry");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kRetry);
  EXPECT_EQ(act->id, snapshot.dead[0].id);
  const auto all = type(view, snapshot, "1Ry");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->kind, Act::Kind::kRetryAll);
}

TEST(TopKeys, PauseAPeriodicTaskAtOnceAndRunItAfterAYes) {
  View view;
  auto act = type(view, busy(), "4p");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kPausePeriodic);
  EXPECT_EQ(act->name, "nightly report");
  EXPECT_EQ(act->app, "shop");
  EXPECT_FALSE(type(view, busy(), "n"));
  EXPECT_THAT(shown(view, busy()), HasSubstr("Run periodic task 'nightly report' once, now?"));
  act = type(view, busy(), "y");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kRunPeriodic);
  act = type(view, busy(), "jp");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kResumePeriodic);
}

TEST(TopKeys, ChangeALimitWithinItsBoundsAfterAYes) {
  View view;
  EXPECT_FALSE(type(view, busy(), "5-"));
  EXPECT_THAT(shown(view, busy()), HasSubstr("Set limit 'bank' to 0, so that none of its jobs begins?"));
  auto act = type(view, busy(), "y");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kSetLimit);
  EXPECT_EQ(act->most, 0);
  act = type(view, busy(), "dy");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->kind, Act::Kind::kResetLimit);
  act = type(view, busy(), "j+y");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->most, 10'000) << "there is no more";
}

TEST(TopKeys, KeepTheirLineMarkedWhileOthersComeAndGo) {
  auto snapshot = busy();
  View view;
  type(view, snapshot, "j");  // slow
  snapshot.queues.insert(snapshot.queues.begin(), {.name = "aaa"});
  auto act = type(view, snapshot, "p");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->queue, "slow");
  snapshot.queues.pop_back();
  act = type(view, snapshot, "p");
  ASSERT_TRUE(act);
  EXPECT_EQ(act->queue, "mail") << "the last one now";
  EXPECT_FALSE(type(view, {}, "p")) << "there is none";
}

TEST(TopKeys, EndAndExplain) {
  View view;
  type(view, busy(), "?");
  EXPECT_THAT(shown(view, busy()), HasSubstr("pause or resume the marked queue"));
  type(view, busy(), "q");
  EXPECT_TRUE(view.quit);
}

}  // namespace
}  // namespace aftercommit::cli
