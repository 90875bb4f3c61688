// Periodic tasks: one job a tick, whoever is there, and whatever else was declared before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <string>
#include <vector>

#include "broker/envelope/envelope.hpp"
#include "support/fixtures/periodic_table.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/programs/periodic_tasks.hpp"
#include "worker/periodic/ticker.hpp"

namespace aftercommit {
namespace {

using support::declare_periodic;
using support::eventually;
using support::let_age;
using support::periodic_row;
using support::set_next_back;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class PeriodicTask : public support::WorkerTest {
 protected:
  /// The rows of its jobs, by their ticks.
  std::vector<Envelope> jobs(long value) {
    std::vector<Envelope> found;
    for (const auto& row : app.database().exec("SELECT envelope FROM job")) {
      auto job = std::get<Envelope>(decode(row[0].as<std::string>(), defaults::kPayloadLimit));
      if (job.args == nlohmann::json::array({value})) found.push_back(std::move(job));
    }
    std::ranges::sort(found, {}, [](const Envelope& job) { return job.tick_at; });
    return found;
  }

  bool eventually_moved(std::size_t count) {
    return eventually([&] {
      return app.database()
                 .exec("SELECT count(*) FROM periodic WHERE next_at > now()")[0][0]
                 .as<std::size_t>() == count;
    });
  }

  worker::Home home{app, {"default"}, true};
};

TEST_F(PeriodicTask, IsDeclaredInTheTableAndHasNoJobBeforeItsFirstTick) {
  app.periodic("nightly report", cron("0 3 * * *", "Europe/Berlin"), tasks.insert, 1L);
  const worker::Ticker ticker{app, app.database(), home};
  ASSERT_TRUE(eventually_moved(1));
  const auto row = periodic_row(app, "nightly report");
  EXPECT_EQ(row.app, "tests");
  EXPECT_EQ(row.declared.task, "insert");
  EXPECT_EQ(row.declared.schedule, "0 3 * * *");
  EXPECT_EQ(row.declared.zone, "Europe/Berlin");
  EXPECT_EQ(row.declared.missed, "once");
  EXPECT_EQ(row.next_at, cron("0 3 * * *", "Europe/Berlin").next(row.now));
  EXPECT_FALSE(row.last_tick);
  EXPECT_FALSE(row.is_gone());
  EXPECT_THAT(jobs(1), IsEmpty());
}

TEST_F(PeriodicTask, HasOneJobATickWhateverNumberOfWorkersComesToIt) {
  constexpr long kTasks = 12;
  for (long i = 0; i < kTasks; ++i) app.periodic("hourly " + std::to_string(i), every(1h), tasks.insert, i);
  declare_periodic(app);
  for (long i = 0; i < kTasks; ++i) set_next_back(app, "hourly " + std::to_string(i), "0");
  {
    std::list<worker::Ticker> tickers;
    for (int i = 0; i < 4; ++i) tickers.emplace_back(app, app.database(), home);
    EXPECT_TRUE(eventually_moved(kTasks));
  }  // all of them have ended
  for (long i = 0; i < kTasks; ++i) {
    const auto made = jobs(i);
    ASSERT_EQ(made.size(), 1U) << i;
    const auto row = periodic_row(app, "hourly " + std::to_string(i));
    EXPECT_EQ(row.last_job, made[0].id);
    EXPECT_EQ(made[0].tick_at, std::optional<std::chrono::system_clock::time_point>{row.last_tick.value()});
    EXPECT_TRUE(made[0].durable);
  }
}

TEST_F(PeriodicTask, MakesUpForMissedTicksAsItSays) {
  app.periodic("once", every(1h), tasks.insert, 1L);
  app.periodic("all", every(1h), {.missed = Missed::kAll, .at_most = 3}, tasks.insert, 2L);
  declare_periodic(app);
  app.database().exec(
      "UPDATE periodic SET next_at = date_trunc('hour', now()) - interval '10 hours 30 minutes'");
  const worker::Ticker ticker{app, app.database(), home};
  ASSERT_TRUE(eventually_moved(2));
  EXPECT_EQ(jobs(1).size(), 1U);
  const auto made = jobs(2);
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(*made[1].tick_at - *made[0].tick_at, 1h);
  EXPECT_EQ(*made[2].tick_at - *made[1].tick_at, 1h);
  EXPECT_EQ(made[2].tick_at, jobs(1)[0].tick_at) << "the last that was due";
}

TEST_F(PeriodicTask, SkipsATickThatIsTooOld) {
  app.periodic("yearly", cron("@yearly"), {.missed = Missed::kSkip}, tasks.insert, 3L);
  app.periodic("in time", cron("@yearly"), {.missed = Missed::kSkip, .grace = 1h}, tasks.insert, 4L);
  declare_periodic(app);
  set_next_back(app, "yearly", "10 minutes");
  set_next_back(app, "in time", "10 minutes");
  const worker::Ticker ticker{app, app.database(), home};
  ASSERT_TRUE(eventually_moved(2));
  EXPECT_THAT(jobs(3), IsEmpty());
  EXPECT_EQ(jobs(4).size(), 1U);
}

TEST_F(PeriodicTask, HasNoJobWhileItIsPausedOrGoneFromTheCode) {
  App before{"tests", app.options()};
  before.periodic("gone", every(1h), before.task<long>("insert"), 1L);
  declare_periodic(before);
  app.periodic("paused", every(1h), tasks.insert, 2L);
  app.periodic("other", every(1h), tasks.insert, 3L);
  declare_periodic(app);
  detail::PeriodicTable{app.database()}.set_paused("tests", "paused", true);
  for (const auto* const name : {"gone", "paused", "other"}) set_next_back(app, name, "0");
  let_age(app, "gone");
  const worker::Ticker ticker{app, app.database(), home};
  ASSERT_TRUE(eventually([&] { return jobs(3).size() == 1; }));
  EXPECT_THAT(jobs(1), IsEmpty());
  EXPECT_THAT(jobs(2), IsEmpty());
  EXPECT_TRUE(periodic_row(app, "gone").is_gone());
  EXPECT_THAT(worker::undeclared_periodic(app),
              ElementsAre(AllOf(HasSubstr("'gone' (every 1 h, UTC) is in the table of database 'default'"),
                                HasSubstr("periodic forget"))));
}

TEST_F(PeriodicTask, BelongsToTheCodeThatStartedLastUntilNoneOfItsWorkersLives) {
  App old{"tests", app.options()};
  old.periodic("report", every(1h), old.task<long>("insert"), 1L);
  app.periodic("report", every(2h), tasks.insert, 2L);
  const auto schedule = [&] { return periodic_row(app, "report").declared.schedule; };
  declare_periodic(old);
  set_next_back(app, "report", "0");
  declare_periodic(old, true);
  EXPECT_TRUE(periodic_row(app, "report").next_at) << "what is as before keeps its next tick";
  declare_periodic(app, true);
  EXPECT_EQ(schedule(), "every 2 h");
  EXPECT_FALSE(periodic_row(app, "report").next_at) << "that of another schedule";
  declare_periodic(old, false);
  EXPECT_EQ(schedule(), "every 2 h");
  const auto ours = detail::periodic_of(old.core(), old.database()).at(0).as_kept;
  EXPECT_THAT(detail::PeriodicTable{app.database()}.waits("tests", {&ours, 1}), IsEmpty());
  let_age(app, "report");
  declare_periodic(old, false);
  EXPECT_EQ(schedule(), "every 1 h");
}

TEST_F(PeriodicTask, IsRunByRealWorkersOnceForEachTickWhichItIsTold) {
  support::PeriodicTasks{app};
  declare_periodic(app);
  set_next_back(app, "hourly", "0");
  for (int i = 0; i < 2; ++i) {
    start_worker(
        Start{.options = {"--processes", "0"}, .library = AFTERCOMMIT_TEST_TASKS_PERIODIC, .wait = false});
  }
  ASSERT_TRUE(eventually([&] { return !effects().empty(); }));
  EXPECT_TRUE(eventually_empty());
  const auto tick = periodic_row(app, "hourly").last_tick.value();
  EXPECT_EQ(effects(), std::vector<long>{tick.time_since_epoch().count()});
}

TEST_F(PeriodicTask, OfAnAppWithoutADatabaseKeepsItsWorkerFromStarting) {
  support::WorkerProcess worker{{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS_PERIODIC, "--redis",
                                 redis_url, "--processes", "0"}};
  EXPECT_EQ(worker.exit_code(), 3);
  EXPECT_THAT(worker.log(),
              HasSubstr("periodic task 'hourly' of app 'tests' needs the job table of a database"));
}

}  // namespace
}  // namespace aftercommit
