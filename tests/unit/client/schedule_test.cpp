// When something is due: crontab lines, intervals, clocks that change, and what is left of missed ticks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/periodic.hpp"
#include "client/periodic/due_ticks.hpp"
#include "client/periodic/schedule_rule.hpp"

namespace aftercommit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Time = Schedule::Time;

/// "2026-03-29 01:00" or with seconds, UTC.
Time at(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  return static_cast<std::chrono::sys_days>(date) + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

std::string text_of(Time time) { return detail::local_text(time, "UTC").substr(0, 16); }

std::vector<std::string> texts(const std::vector<Time>& times) {
  std::vector<std::string> all;
  for (const auto time : times) all.push_back(text_of(time));
  return all;
}

/// The first ticks after `from`, in UTC.
std::vector<std::string> ticks(const Schedule& schedule, const std::string& from, std::size_t count) {
  std::vector<Time> found;
  for (auto tick = schedule.next(at(from)); tick && found.size() < count; tick = schedule.next(*tick)) {
    found.push_back(*tick);
  }
  return texts(found);
}

std::string first_tick(const std::string& expression, const std::string& from) {
  return ticks(cron(expression), from, 1).at(0);
}

template <class Make>
std::string why_refused(const Make& make) {
  try {
    make();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(it was taken)";
}

TEST(CronExpression, NamesTheTimesThatCronDoes) {
  const std::vector<std::vector<std::string>> cases{
      {"* * * * *", "2026-01-01 00:00:30", "2026-01-01 00:01"},
      {"*/15 * * * *", "2026-01-01 00:15", "2026-01-01 00:30"},
      {"  59\t23 31 12 * ", "2026-01-01 00:00", "2026-12-31 23:59"},
      {"5-20/5 8,18 * * mon-fri", "2026-01-02 18:20", "2026-01-05 08:05"},
      {"0 0 * jan,JUL *", "2026-02-01 00:00", "2026-07-01 00:00"},
      {"0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00"},
      {"0 0 * * 0", "2026-01-01 00:00", "2026-01-04 00:00"},
      {"0 0 * * 7", "2026-01-01 00:00", "2026-01-04 00:00"},
      {"0 12 * * fri-sun", "2026-01-05 00:00", "2026-01-09 12:00"},
      {"0 12 * * 6-7", "2026-01-05 00:00", "2026-01-10 12:00"},
      {"@hourly", "2026-01-01 00:00", "2026-01-01 01:00"},
      {"@daily", "2026-01-01 00:00", "2026-01-02 00:00"},
      {"@midnight", "2026-01-01 00:00", "2026-01-02 00:00"},
      {"@weekly", "2026-01-01 00:00", "2026-01-04 00:00"},
      {"@monthly", "2026-01-01 00:00", "2026-02-01 00:00"},
      {"@yearly", "2026-01-01 00:00", "2027-01-01 00:00"},
      {"@annually", "2026-01-01 00:00", "2027-01-01 00:00"},
  };
  for (const auto& one : cases) EXPECT_EQ(first_tick(one[0], one[1]), one[2]) << one[0];
}

TEST(CronExpression, TakesEitherDayFieldWhereBothNameDaysAndElseAsksForBoth) {
  EXPECT_THAT(ticks(cron("0 0 13 * 5"), "2026-02-01 00:00", 3),
              ElementsAre("2026-02-06 00:00", "2026-02-13 00:00", "2026-02-20 00:00"));
  EXPECT_THAT(ticks(cron("0 0 20 * 1"), "2026-01-01 00:00", 4),
              ElementsAre("2026-01-05 00:00", "2026-01-12 00:00", "2026-01-19 00:00", "2026-01-20 00:00"));
  EXPECT_EQ(first_tick("0 0 */10 * mon", "2026-01-01 00:00"), "2026-05-11 00:00");
}

TEST(CronExpression, ThatIsNoneIsRefusedWithTheFieldAndTheReason) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"0 25 * * *", "in the hour: '25' is not from 0 to 23"},
      {"60 * * * *", "in the minute: '60'"},
      {"* * 0 * *", "in the day of month: '0' is not from 1 to 31"},
      {"* * * 13 *", "in the month: '13'"},
      {"* * * * 8", "in the day of week: '8'"},
      {"* * * foo *", "in the month: 'foo' is not a number"},
      {"* * * * *-", "in the day of week"},
      {"1,,2 * * * *", "in the minute: ''"},
      {"5-1 * * * *", "runs backwards"},
      {"-5 * * * *", "in the minute"},
      {"5/10 * * * *", "has a step, and neither a range nor a *"},
      {"*/0 * * * *", "has no step from 1"},
      {"*/61 * * * *", "has no step from 1"},
      {"0 0 30 2 *", "no month that it names has such a day"},
      {"0 0 31 4,6,9,11 *", "no month that it names has such a day"},
      {"0 0 * *", "it has 4 fields"},
      {"0 0 0 * * *", "it has 6 fields"},
      {"", "it has 0 fields"},
      {"@reboot", "none of @hourly"},
      {"0 0 L * *", "in the day of month: 'L'"},
  };
  for (const auto& [expression, reason] : cases) {
    EXPECT_THAT(why_refused([&, text = expression] { cron(text); }), HasSubstr(reason)) << expression;
  }
}

TEST(CronInATimeZone, RunsATimeThatTheClocksLeaveOutAtTheFirstInstantAfterTheGapAndOnce) {
  EXPECT_THAT(ticks(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28 00:00", 3),
              ElementsAre("2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"));
  EXPECT_THAT(ticks(cron("0,30 2,3 * * *", "Europe/Berlin"), "2026-03-28 12:00", 4),
              ElementsAre("2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:00", "2026-03-30 00:30"));
  EXPECT_THAT(ticks(cron("30 2 * * *", "America/New_York"), "2026-03-07 12:00", 2),
              ElementsAre("2026-03-08 07:00", "2026-03-09 06:30"));
  EXPECT_THAT(ticks(cron("15 2 * * *", "Australia/Lord_Howe"), "2026-10-03 12:00", 2),
              ElementsAre("2026-10-03 15:30", "2026-10-04 15:15"));
}

TEST(CronInATimeZone, RunsATimeThatComesTwiceAtItsFirst) {
  EXPECT_THAT(ticks(cron("30 2 * * *", "Europe/Berlin"), "2026-10-25 00:00", 2),
              ElementsAre("2026-10-25 00:30", "2026-10-26 01:30"));
  EXPECT_THAT(ticks(cron("30 2 * * *", "Europe/Berlin"), "2026-10-25 01:10", 1),
              ElementsAre("2026-10-26 01:30"))
      << "from within the second of the two hours";
  EXPECT_THAT(ticks(cron("*/30 1-3 * * *", "Europe/Berlin"), "2026-10-24 22:45", 6),
              ElementsAre("2026-10-24 23:00", "2026-10-24 23:30", "2026-10-25 00:00", "2026-10-25 00:30",
                          "2026-10-25 02:00", "2026-10-25 02:30"));
  EXPECT_THAT(ticks(cron("30 1 * * *", "America/New_York"), "2026-10-31 12:00", 2),
              ElementsAre("2026-11-01 05:30", "2026-11-02 06:30"));
  EXPECT_THAT(ticks(cron("45 1 * * *", "Australia/Lord_Howe"), "2026-04-04 12:00", 2),
              ElementsAre("2026-04-04 14:45", "2026-04-05 15:15"));
}

TEST(CronInATimeZone, WithAStarForTheHourRunsInEveryRealHour) {
  EXPECT_THAT(ticks(cron("30 * * * *", "Europe/Berlin"), "2026-03-29 00:00", 3),
              ElementsAre("2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"));
  EXPECT_THAT(ticks(cron("30 * * * *", "Europe/Berlin"), "2026-10-24 23:45", 3),
              ElementsAre("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"));
  EXPECT_THAT(ticks(cron("45 * * * *", "Australia/Lord_Howe"), "2026-04-04 14:30", 3),
              ElementsAre("2026-04-04 14:45", "2026-04-04 15:15", "2026-04-04 16:15"))
      << "half an hour comes twice";
  EXPECT_THAT(ticks(cron("0 */2 * * *", "America/New_York"), "2026-11-01 03:00", 3),
              ElementsAre("2026-11-01 04:00", "2026-11-01 07:00", "2026-11-01 09:00"));
}

TEST(CronInATimeZone, ThatTheMachineDoesNotKnowSaysSoWhereItIsFirstUsed) {
  const auto schedule = cron("@daily", "Europe/Atlantis");
  try {
    schedule.check();
    FAIL() << "it is known";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'Europe/Atlantis' is not known"));
  }
  EXPECT_NO_THROW(cron("@daily").check());
}

TEST(EveryInterval, CountsFromAFixedInstantAndNotFromAStart) {
  EXPECT_THAT(ticks(every(10min), "2026-01-01 00:03:20", 2),
              ElementsAre("2026-01-01 00:10", "2026-01-01 00:20"));
  EXPECT_THAT(ticks(every(1h, 5min), "2026-01-01 00:05", 2),
              ElementsAre("2026-01-01 01:05", "2026-01-01 02:05"));
  EXPECT_THAT(why_refused([] { every(0s); }), HasSubstr("from 1 s to 366 days"));
  EXPECT_THAT(why_refused([] { every(1h, 1h); }), HasSubstr("shorter than the period"));
}

TEST(ScheduleText, ReadsBackToTheSameTicks) {
  for (const auto& schedule :
       {every(1s), every(90min), every(24h, 3h), every(61s, 7s), cron("@weekly", "Asia/Kolkata"),
        cron("*/5 8-18 * * mon-fri", "America/New_York")}) {
    const auto again = detail::read_schedule(schedule.text(), schedule.zone());
    EXPECT_EQ(again.text(), schedule.text());
    EXPECT_EQ(ticks(again, "2026-05-06 07:08", 5), ticks(schedule, "2026-05-06 07:08", 5)) << schedule.text();
  }
  EXPECT_EQ(every(90min).text(), "every 90 min");
  EXPECT_EQ(every(24h, 3h).text(), "every 1 d + 3 h");
}

TEST(DueTicks, ThatWereMissedBecomeOneJobOfTheLast) {
  const auto due = detail::due_ticks(every(1h), {}, at("2026-01-01 01:00"), at("2026-01-01 04:20"));
  EXPECT_THAT(texts(due.run), ElementsAre("2026-01-01 04:00"));
  EXPECT_TRUE(due.left_out);
  EXPECT_EQ(due.next, at("2026-01-01 05:00"));
}

TEST(DueTicks, ThatWereMissedAreMadeUpForWithinABound) {
  const PeriodicOptions all{.missed = Missed::kAll, .at_most = 3};
  const auto few = detail::due_ticks(every(1h), all, at("2026-01-01 03:00"), at("2026-01-01 04:20"));
  EXPECT_THAT(texts(few.run), ElementsAre("2026-01-01 03:00", "2026-01-01 04:00"));
  EXPECT_FALSE(few.left_out);
  const auto many = detail::due_ticks(every(1s), {.missed = Missed::kAll, .at_most = 3},
                                      at("2020-01-01 00:00"), at("2026-01-01 00:00"));
  EXPECT_EQ(many.run,
            (std::vector{at("2025-12-31 23:59:58"), at("2025-12-31 23:59:59"), at("2026-01-01 00:00:00")}));
  EXPECT_TRUE(many.left_out);
  const auto rare = detail::due_ticks(cron("@yearly"), all, at("2020-01-01 00:00"), at("2026-07-01 00:00"));
  EXPECT_THAT(texts(rare.run), ElementsAre("2024-01-01 00:00", "2025-01-01 00:00", "2026-01-01 00:00"));
}

TEST(DueTicks, AreSkippedOnceTheyAreOlderThanTheirGrace) {
  const PeriodicOptions skip{.missed = Missed::kSkip};
  const auto late = detail::due_ticks(every(1h), skip, at("2026-01-01 01:00"), at("2026-01-01 04:20"));
  EXPECT_TRUE(late.run.empty());
  EXPECT_EQ(late.next, at("2026-01-01 05:00"));
  const auto in_time = detail::due_ticks(every(1h), skip, at("2026-01-01 01:00"), at("2026-01-01 04:00:59"));
  EXPECT_THAT(texts(in_time.run), ElementsAre("2026-01-01 04:00"));
}

TEST(DueTicks, BeginWithWhatWasToComeNextWhateverTheScheduleSays) {
  const auto due = detail::due_ticks(every(1h), {}, at("2026-01-01 01:17"), at("2026-01-01 01:18"));
  EXPECT_THAT(texts(due.run), ElementsAre("2026-01-01 01:17"));
  EXPECT_EQ(due.next, at("2026-01-01 02:00"));
}

TEST(PeriodicTask, ThatIsDeclaredWronglyIsRefused) {
  App app{"shop", {.redis_url = "memory://none"}};
  App other{"other", {.redis_url = "memory://none"}};
  const auto send = app.task<long>("send");
  const auto foreign = other.task<long>("foreign");
  const auto nightly = app.periodic("nightly report", cron("@daily"), send, 1L);
  EXPECT_EQ(nightly.name(), "nightly report");
  EXPECT_EQ(nightly.schedule().text(), "@daily");
  const auto declared = [&](const std::string& name, PeriodicOptions options) {
    return why_refused([&] { app.periodic(name, every(1h), options, send, 1L); });
  };
  EXPECT_THAT(declared("nightly report", {}), HasSubstr("'nightly report' is declared twice in app 'shop'"));
  for (const std::string name : {"", " a", "a ", "a\nb", "a\"b", "a\\b", "\u00e4"}) {
    EXPECT_THAT(declared(name, {}), HasSubstr("is not valid")) << name;
  }
  EXPECT_THAT(declared("a", {.call = {.delivery = Delivery::kOnCommit}}), HasSubstr("its jobs are durable"));
  EXPECT_THAT(declared("a", {.call = {.eta = at("2026-01-01 00:00")}}), HasSubstr("name an eta"));
  EXPECT_THAT(declared("a", {.call = {.tick = at("2026-01-01 00:00")}}), HasSubstr("name a tick"));
  EXPECT_THAT(declared("a", {.at_most = 0}), HasSubstr("at_most is from 1 to 1000, not 0"));
  EXPECT_THAT(declared("a", {.grace = 0s}), HasSubstr("grace is 1 s at least"));
  EXPECT_THAT(why_refused([&] { app.periodic("a", every(1h), foreign, 1L); }),
              HasSubstr("is not of this app"));
}

}  // namespace
}  // namespace aftercommit
