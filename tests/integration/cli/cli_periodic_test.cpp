// `aftercommit periodic`: what an operator sees of periodic tasks, and does about one.
#include <gmock/gmock.h>

#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/periodic_table.hpp"
#include "worker/periodic/ticker.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::let_age;
using support::periodic_row;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using nlohmann::json;

class CliPeriodic : public support::CliTest {
 protected:
  CliPeriodic() {
    app.periodic("nightly report", cron("0 3 * * *", "Europe/Berlin"),
                 {.call = {.queue = "mail", .expires = 1h}}, receipt, 42L);
    support::declare_periodic(app);
  }

  detail::PeriodicRow row() { return periodic_row(app, "nightly report"); }
};

TEST_F(CliPeriodic, ListsSchedulesAndTheirStates) {
  auto list = run_json({"periodic", "list"}).at("periodic");
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("name"), "nightly report");
  EXPECT_EQ(list[0].at("app"), "payments");
  EXPECT_EQ(list[0].at("task"), "receipt");
  EXPECT_EQ(list[0].at("schedule"), "0 3 * * *");
  EXPECT_EQ(list[0].at("zone"), "Europe/Berlin");
  EXPECT_EQ(list[0].at("state"), "active");
  EXPECT_TRUE(list[0].at("next_at").is_string());
  EXPECT_TRUE(list[0].at("last_tick").is_null());
  EXPECT_THAT(run({"periodic", "list"}).output, AllOf(HasSubstr("nightly report"), HasSubstr("active")));
  let_age(app, "nightly report");
  EXPECT_EQ(run_json({"periodic", "list"}).at("periodic")[0].at("state"), "gone");
  EXPECT_THAT(run({"periodic", "list"}).output, HasSubstr("gone: no worker that runs declares it"));
}

TEST_F(CliPeriodic, ShowsTheNextFiveTimesAsTheClocksThereDo) {
  const auto next = run_json({"periodic", "next", "nightly report"}).at("next");
  ASSERT_EQ(next.size(), 5U);
  for (const auto& time : next) EXPECT_THAT(time.at("local").get<std::string>(), HasSubstr(" 03:00:00 +0"));
  EXPECT_THAT(run({"periodic", "next", "nightly report"}).output,
              AllOf(HasSubstr("Europe/Berlin"), HasSubstr("UTC")));
}

TEST_F(CliPeriodic, PausesAndResumesWithTheNextTickToCome) {
  support::set_next_back(app, "nightly report", "3 days");
  EXPECT_EQ(run({"periodic", "pause", "nightly report"}).exit_code, 0);
  EXPECT_TRUE(row().paused);
  EXPECT_THAT(run({"periodic", "pause", "nightly report"}).output, HasSubstr("was paused already"));
  EXPECT_EQ(run({"periodic", "resume", "nightly report"}).exit_code, 0);
  EXPECT_FALSE(row().paused);
  EXPECT_FALSE(row().next_at) << "what it missed meanwhile is not made up for";
  EXPECT_GT(run_json({"periodic", "list"}).at("periodic")[0].at("next_at"), json("2026"));
}

TEST_F(CliPeriodic, HasAWorkerRunOneNowBesideItsTicksAlsoWhileItIsPaused) {
  worker::Home home{app, {"mail"}, true};
  const worker::Ticker ticker{app, app.database(), home};
  ASSERT_TRUE(eventually([&] { return row().next_at.has_value(); }));
  EXPECT_EQ(run({"periodic", "pause", "nightly report"}).exit_code, 0);
  const auto before = row();
  const auto end = run({"periodic", "run", "nightly report"});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  const auto job = row().last_job.value();
  EXPECT_THAT(end.output, HasSubstr(job.str()));
  const auto made = read(table.find(job)->envelope);
  EXPECT_EQ(made.task, "receipt");
  EXPECT_EQ(made.queue, "mail");
  EXPECT_EQ(made.args, json::array({42}));
  EXPECT_TRUE(made.durable);
  EXPECT_FALSE(made.tick_at);
  EXPECT_EQ(made.expires_at, std::optional{made.enqueued_at + 1h});
  EXPECT_EQ(row().next_at, before.next_at);
  EXPECT_FALSE(row().last_tick);
}

TEST_F(CliPeriodic, RunsNoneThatIsGone) {
  let_age(app, "nightly report");
  const auto gone = run({"periodic", "run", "nightly report"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.error, HasSubstr("is gone, and was not run"));
  EXPECT_EQ(row().runs_asked, 0);
}

TEST_F(CliPeriodic, ForgetsOneThatIsGoneAndNoOther) {
  const auto kept = run({"periodic", "forget", "nightly report"});
  EXPECT_EQ(kept.exit_code, 1);
  EXPECT_THAT(kept.error, HasSubstr("a worker that declares it has lived within the last minute"));
  let_age(app, "nightly report");
  EXPECT_EQ(run({"periodic", "forget", "nightly report"}).exit_code, 0);
  EXPECT_THAT(run({"periodic", "list"}).output, HasSubstr("no periodic tasks"));
  const auto unknown = run({"periodic", "pause", "nightly report"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.error, HasSubstr("no periodic task has the name 'nightly report'"));
}

TEST_F(CliPeriodic, AsksWhichOneWhereTwoAppsHaveTheName) {
  App other{"other", app.options()};
  other.periodic("nightly report", every(1h), other.task<long>("receipt"), 1L);
  support::declare_periodic(other);
  const auto end = run({"periodic", "next", "nightly report"});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.error, AllOf(HasSubstr("is there 2 times"), HasSubstr("--app")));
  EXPECT_EQ(run_json({"periodic", "next", "nightly report", "--app", "other"}).at("schedule"), "every 1 h");
}

}  // namespace
}  // namespace aftercommit
