/// Events of flows: given before and after a flow waits for them, by code and by SQL, or too late.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/flows/flow_rows.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// No event here may owe its arrival to a look at each interval.
const std::vector<std::string> kByNewsAlone{"--relay-interval", "600"};

class FlowEvent : public support::FlowTest, public ::testing::WithParamInterface<const char*> {
 protected:
  FlowEvent() : FlowTest{GetParam()} {}

  /// A flow that waits, parked.
  JobId waiting(long value, const std::string& script, const std::string& event = "approved") {
    const auto flow = begin(value, script);
    EXPECT_TRUE(eventually([&] { return waits_for(flow, event); }));
    return flow;
  }
  /// Until no more than `left` of the wait is left, by the clock of the database; negative: it is over.
  bool eventually_left(const JobId& flow, std::chrono::milliseconds left) {
    return eventually([&] {
      return !app.database()
                  .exec(
                      sql("SELECT FROM {schema}.flow_event WHERE flow = $1 AND until <= clock_timestamp() + "
                          "$2 * interval '1 ms'"),
                      flow, left.count())
                  .empty();
    });
  }
  std::string signal_by_sql(const std::string& call) {
    return app.database().exec(sql("SELECT {schema}.signal(" + call + ")"))[0][0].as<std::string>();
  }
};
INSTANTIATE_TEST_SUITE_P(Intake, FlowEvent, ::testing::Values("redis", "none"),
                         [](const auto& intake) { return std::string{intake.param}; });

TEST_P(FlowEvent, WakesTheFlowThatWaitsForIt) {
  start_worker(kByNewsAlone);
  const auto flow = waiting(1, "step a;event approved;step b");
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven);
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is yes"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103));
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]", "event approved \"yes\"", "step b [103]"));
}

TEST_P(FlowEvent, LeavesNoCopyOfTheFlowInTheBrokerThatWouldComeMuchLater) {
  if (std::string_view{GetParam()} == "none") GTEST_SKIP() << "there is none";
  const auto delayed = [&] { return broker->counts("default").delayed; };
  start_worker();
  const auto flow = waiting(1, "event approved;step b");
  ASSERT_TRUE(eventually([&] { return delayed() == 1; }));
  const auto due = broker->jobs("default", JobPart::kDelayed, "", 10).jobs.at(0).at;
  EXPECT_LT(due, std::chrono::system_clock::now() + 25h) << "it looks again, and holds no place for ever";
  app.signal(flow, "approved", "yes");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_TRUE(eventually([&] { return delayed() == 0; }));
}

TEST_P(FlowEvent, MayComeBeforeTheFlowWaitsAndBeforeItHasBegun) {
  const auto flow = begin(1, "step a;event approved;step b");
  EXPECT_EQ(app.signal(flow, "approved", "early"), Signalled::kGiven);
  start_worker();
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is early"));
}

TEST_P(FlowEvent, IsGivenIfAndOnlyIfItsTransactionCommits) {
  start_worker(kByNewsAlone);
  const auto flow = waiting(1, "event approved;step b");
  try {
    app.database().atomic([&] {
      EXPECT_EQ(app.signal(flow, "approved", "of a transaction that fails"), Signalled::kGiven);
      throw std::runtime_error{"rolled back"};
    });
  } catch (const std::runtime_error&) {
  }
  app.database().atomic([&] {
    EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven);
    EXPECT_FALSE(ended(flow));
  });
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is yes"));
}

TEST_P(FlowEvent, OfTheFirstHoldsAndOthersHearThatItIsTaken) {
  start_worker();
  const auto flow = waiting(1, "event approved;event paid");
  EXPECT_EQ(app.signal(flow, "approved", "first"), Signalled::kGiven);
  EXPECT_EQ(app.signal(flow, "approved", "second"), Signalled::kTaken);
  EXPECT_TRUE(eventually([&] { return waits_for(flow, "paid"); }));
  EXPECT_EQ(app.signal(flow, "approved", "third"), Signalled::kTaken);
  EXPECT_EQ(app.signal(flow, "paid", "now"), Signalled::kGiven);
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(app.signal(flow, "approved", "fourth"), Signalled::kEnded);
  EXPECT_THAT(texts(flow), Contains("event approved is first"));
}

TEST_P(FlowEvent, IsGivenBySqlAsByCode) {
  start_worker(kByNewsAlone);
  const auto flow = waiting(1, "event approved;event paid;event shipped");
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'approved', '\"by hand\"'"), "given");
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'approved', '\"again\"'"), "taken");
  EXPECT_TRUE(eventually([&] { return waits_for(flow, "paid"); }));
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'paid', '\"jsonb\"'::jsonb"), "given");
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'shipped', to_json('json'::text)"), "given");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is by hand"));
  EXPECT_THAT(texts(flow), Contains("event paid is jsonb"));
  EXPECT_THAT(texts(flow), Contains("event shipped is json"));
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'approved'"), "ended");
}

TEST_P(FlowEvent, ThatDoesNotComeInTimeIsLateForEver) {
  start_worker();
  const auto flow = begin(1, "event_within approved 300;step b;event paid");
  EXPECT_TRUE(eventually([&] { return waits_for(flow, "paid"); }));
  EXPECT_THAT(texts(flow), Contains("event approved is late"));
  EXPECT_THAT(effects_in_order(), ElementsAre(102));
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kLate);
  EXPECT_EQ(app.signal(flow, "paid", "yes"), Signalled::kGiven);
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Not(Contains("event approved is yes")));
}

TEST_P(FlowEvent, WaitedForWithATimeoutEndsTheWaitBeforeThat) {
  start_worker(kByNewsAlone);
  const auto flow = waiting(1, "event_within approved 3600000;step b");
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven);
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is yes"));
}

TEST_P(FlowEvent, AndItsTimeoutAtOnceAreExactlyOneOfBoth) {
  constexpr int kFlows = 30;
  start_worker({"--concurrency", "4"});
  std::vector<JobId> flows;
  for (long value = 0; value < kFlows; ++value)  // one deadline after the other
    flows.push_back(begin(value, "event_within approved " + std::to_string(500 + 60 * value) + ";step b"));
  std::vector<Signalled> answers;
  for (const auto& flow : flows) {  // some before their time, some after, and some in that moment
    const std::chrono::milliseconds left{20 - 5 * static_cast<int>(answers.size() % 10)};
    ASSERT_TRUE(eventually_left(flow, left));
    answers.push_back(app.signal(flow, "approved", "yes"));
  }
  int given = 0;
  int late = 0;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    ASSERT_THAT(answers[i], AnyOf(Signalled::kGiven, Signalled::kLate, Signalled::kEnded));
    ++(answers[i] == Signalled::kGiven ? given : late);
    ASSERT_TRUE(eventually_ended(flows[i]));
    const bool got_it = says(flows[i], "event approved is yes");
    EXPECT_EQ(got_it, answers[i] == Signalled::kGiven);
    EXPECT_NE(got_it, says(flows[i], "event approved is late"));
  }
  RecordProperty("given", std::to_string(given));
  RecordProperty("late", std::to_string(late));
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kFlows));
}

TEST_P(FlowEvent, GivenByATransactionThatStaysOpenKeepsNoThreadWhenTheTimeIsOver) {
  start_worker({"--concurrency", "1"});
  const auto flow = waiting(1, "event_within approved 300;step b");
  const auto other = tasks.flow.apply_async({.countdown = 600ms}, 2, "step a");
  Database outside{{.url = database_url, .schema = schema.name()}};
  app.database().atomic([&] {
    EXPECT_EQ(app.signal(flow, "approved", "slowly"), Signalled::kGiven);
    const auto has_run = [&] { return !outside.exec("SELECT FROM effect WHERE job_id = $1", other).empty(); };
    EXPECT_TRUE(eventually(has_run)) << "by the only thread";
    EXPECT_FALSE(says(flow, "event approved is late"));
  });
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is slowly"));
}

TEST_P(FlowEvent, ThatTheCodeDoesNotTakeKillsTheFlowWhichIsGivenAnotherAndGoesOn) {
  start_worker();
  const auto flow = waiting(1, "truth approved;step b");
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven);
  EXPECT_THAT(eventually_dead(1).at(0).reason,
              AllOf(HasSubstr("given by event 'approved'"), HasSubstr("signal it another value")));
  EXPECT_THAT(steps(flow), IsEmpty()) << "it has not taken it";
  EXPECT_EQ(app.signal(flow, "approved", true), Signalled::kGiven);
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is true"));
}

TEST_P(FlowEvent, WhoseNumberNobodyCanReadKillsTheFlowWhichIsGivenAnotherAndGoesOn) {
  start_worker();
  const auto flow = waiting(1, "event approved;step b");
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'approved', '1e999'"), "given");
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("signal it another value"));
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'approved', '\"yes\"'"), "given");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(flow), Contains("event approved is yes"));
}

TEST_P(FlowEvent, ThatADeadFlowHasTakenStaysTaken) {
  start_worker();
  const auto flow = waiting(1, "event approved;fail b 100");
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven);
  eventually_dead(1);
  EXPECT_EQ(app.signal(flow, "approved", "no"), Signalled::kTaken);
  EXPECT_THAT(steps(flow), ElementsAre("event approved \"yes\""));
}

TEST_P(FlowEvent, IsWaitedForAcrossAKillOfTheWorker) {
  start_worker();
  const auto flow = waiting(1, "step a;event approved;step b");
  workers.clear();
  EXPECT_EQ(app.signal(flow, "approved", "meanwhile"), Signalled::kGiven);
  start_worker();
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103));
}

TEST_P(FlowEvent, BeingGivenWhenTheFlowComesToItKeepsNoThread) {
  const auto flow = begin(1, "event approved;step b");
  const auto other = begin(2, "step a");
  Database outside{{.url = database_url, .schema = schema.name()}};
  app.database().atomic([&] {
    EXPECT_EQ(app.signal(flow, "approved", "slowly"), Signalled::kGiven);
    start_worker({"--concurrency", "1"});
    const auto has_run = [&] { return !outside.exec("SELECT FROM effect WHERE job_id = $1", other).empty(); };
    EXPECT_TRUE(eventually(has_run)) << "by the only thread";
  });
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(notes().front().job_id, flow.str()) << "it was there first, and its event not to be seen yet";
  EXPECT_THAT(texts(flow), Contains("event approved is slowly"));
  EXPECT_THAT(effects_in_order(), ElementsAre(201, 102));
}

TEST_P(FlowEvent, IsNotGivenToAFlowThatWasCancelled) {
  start_worker();
  const auto flow = waiting(1, "event approved;step b");
  EXPECT_TRUE(eventually([&] { return app.cancel(flow) != Cancelled::kRunning; }));
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kEnded);
  EXPECT_EQ(signal_by_sql("'" + flow.str() + "', 'another'"), "ended") << "though nobody waited for it";
}

TEST_P(FlowEvent, IsNotGivenToAFlowWhoseDeadLetterWasDeleted) {
  start_worker();
  const auto flow = begin(1, "step a;fail b 100");
  eventually_dead(1);
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kGiven) << "it may be retried";
  EXPECT_TRUE(table.forget_dead(flow));
  EXPECT_EQ(app.signal(flow, "approved", "yes"), Signalled::kEnded);
  EXPECT_EQ(app.signal(flow, "another", "yes"), Signalled::kEnded);
}

class FlowSignal : public support::FlowTest {
 protected:
  FlowSignal() : FlowTest{"none"} {}
};

TEST_F(FlowSignal, RefusesWhatIsNoNameAndNoJson) {
  const auto flow = begin(1, "");
  EXPECT_THROW(app.signal(flow, "", "yes"), UsageError);
  EXPECT_THROW(app.signal(flow, "a \"name\"", "yes"), UsageError);
  EXPECT_THROW(app.signal(flow, "approved", std::string{"\xFF"}), PayloadError);
  EXPECT_THROW(app.database().exec(sql("SELECT {schema}.signal($1, ' x')"), flow), pqxx::sql_error);
  EXPECT_THROW(app.database().exec(sql("SELECT {schema}.signal(NULL, 'x')")), pqxx::sql_error);
  EXPECT_THROW(app.database().exec(sql("SELECT {schema}.signal($1, 'x', '{')"), flow), pqxx::sql_error);
}

/// The flow has the row of its job, which who gives the event wants second.
TEST_F(FlowSignal, IsNotWaitedForByAFlowThatLooksForItMeanwhile) {
  const auto flow = begin(1, "event approved");
  EXPECT_TRUE(detail::await_event(app.database(), flow, "approved", 1h).waits_anew);
  Database outside{{.url = database_url, .schema = schema.name()}};
  std::future<Signalled> given;
  app.database().atomic([&](Transaction& tx) {
    tx.exec(sql("SELECT FROM {schema}.job WHERE id = $1 FOR NO KEY UPDATE"), flow);
    const auto own = tx.exec("SELECT pg_backend_pid()")[0][0].as<int>();
    given = std::async(std::launch::async, [&] { return app.signal(flow, "approved", "yes"); });
    const auto waits = [&] {
      return !outside
                  .exec(
                      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND $1 = ANY "
                      "(pg_blocking_pids(pid))",
                      own)
                  .empty();
    };
    EXPECT_TRUE(eventually(waits));
    EXPECT_TRUE(detail::await_event(app.database(), flow, "approved", 1h).busy);
  });
  EXPECT_EQ(given.get(), Signalled::kGiven) << "there was no deadlock";
}

TEST_F(FlowSignal, NeedsTheRightsThatItsErrorNames) {
  const auto flow = begin(1, "event approved");
  detail::await_event(app.database(), flow, "approved", 1h);
  const auto role = support::unique_name("role");
  const auto run = [&](const std::string& text) { app.database().exec(sql(text)); };
  run("CREATE ROLE " + role);
  run("GRANT USAGE ON SCHEMA {schema} TO " + role);
  const auto signal_as_role = [&](const std::string& value) {
    return app.database().atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL ROLE " + role);
      return app.signal(flow, "approved", value);
    });
  };
  try {
    signal_as_role("yes");
    ADD_FAILURE() << "it was given";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("permission denied"), HasSubstr("GRANT this role USAGE")));
  }
  run("GRANT SELECT (id, ended_at) ON {schema}.flow TO " + role);
  run("GRANT SELECT, INSERT, UPDATE ON {schema}.flow_event TO " + role);
  run("GRANT SELECT (id) ON {schema}.dead TO " + role);
  run("GRANT SELECT (flow, name) ON {schema}.flow_step TO " + role);
  run("GRANT SELECT (id), UPDATE (due_at, xact) ON {schema}.job TO " + role);
  EXPECT_EQ(signal_as_role("yes"), Signalled::kGiven);
  EXPECT_EQ(signal_as_role("no"), Signalled::kTaken);
  run("DROP OWNED BY " + role);
  run("DROP ROLE " + role);
}

TEST_F(FlowSignal, TellsOfTablesThatAreTooOld) {
  app.database().exec(sql("DROP FUNCTION {schema}.signal(uuid, text, text)"));
  app.database().exec(sql("DROP FUNCTION {schema}.signal(uuid, text, json)"));
  app.database().exec(sql("DROP FUNCTION {schema}.signal(uuid, text, jsonb)"));
  try {
    app.signal(JobId::generate(), "approved");
    FAIL() << "it was given";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("version 9"));
  }
}

}  // namespace
}  // namespace aftercommit
