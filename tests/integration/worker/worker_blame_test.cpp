/// Which job wrote a row: what workers keep of that, and what the command says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "client/job_table/history.hpp"
#include "client/statements/sql_template.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::End;
using support::eventually;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class BlameTest : public support::FlowTest {
 protected:
  explicit BlameTest(const std::string& redis = "none") : FlowTest{redis} {}

  /// The Redis that it is told of does not answer: it is not asked.
  End blame(std::vector<std::string> words) {
    words.insert(words.begin(), "blame");
    return command(std::move(words));
  }
  End command(std::vector<std::string> words, const std::string& redis = "redis://127.0.0.1:1") {
    return support::run_cli(
        std::move(words),
        {{"REDIS_URL", redis}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}});
  }
  nlohmann::json found(std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto end = blame(std::move(words));
    EXPECT_EQ(end.error, "");
    return nlohmann::json::parse(end.output, nullptr, false);
  }
  nlohmann::json found_effect(long value) {
    return found({"effect", std::to_string(value), "--key-column", "value"});
  }
  std::string first(const std::string& text) {
    return app.database().exec(sql(text))[0][0].as<std::string>();
  }
  void start_with_history(std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--history", "30"});
    start_worker(std::move(options));
  }
  std::size_t kept(const std::string& of = "history") {
    return std::stoul(first("SELECT count(*) FROM {schema}." + of));
  }
};

class WorkerBlame : public BlameTest, public ::testing::WithParamInterface<const char*> {
 protected:
  WorkerBlame() : BlameTest{GetParam()} {}
};
INSTANTIATE_TEST_SUITE_P(Intake, WorkerBlame, ::testing::Values("redis", "none"),
                         [](const auto& intake) { return std::string{intake.param}; });

TEST_P(WorkerBlame, NamesTheJobThatWroteARowAndTheTransactionThatAskedForIt) {
  start_with_history();
  std::string asked_in;
  const auto job = app.database().atomic([&] {
    asked_in = first("SELECT pg_current_xact_id()::text");
    return tasks.insert.delay(7);
  });
  ASSERT_TRUE(eventually_effects({7}));
  const auto blame = found_effect(7);
  EXPECT_EQ(blame.at("finding"), "written");
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  const auto& writer = blame.at("jobs").at(0);
  EXPECT_EQ(writer.at("job"), job.str());
  EXPECT_EQ(writer.at("task"), "insert");
  EXPECT_EQ(writer.at("queue"), "default");
  EXPECT_EQ(writer.at("attempt"), 1);
  EXPECT_EQ(writer.at("asked_in_transaction"), asked_in);
  EXPECT_EQ(writer.at("flow"), nullptr);
  EXPECT_EQ(writer.at("transaction"), blame.at("transaction"));
  EXPECT_THAT(writer.at("worker").get<std::string>(), Not(IsEmpty()));

  const auto told = this->blame({"effect", "value=7"});
  EXPECT_EQ(told.exit_code, 0) << told.error;
  EXPECT_THAT(told.output, AllOf(HasSubstr(job.str()), HasSubstr("transaction " + asked_in)));
}

TEST_P(WorkerBlame, KnowsWhichOfManyJobsInARowWroteWhat) {
  std::vector<long> values;
  app.database().atomic([&] {
    for (long value = 1; value <= 200; ++value) {
      tasks.insert.delay(value);
      values.push_back(value);
    }
  });
  start_with_history({"--concurrency", "2"});
  ASSERT_TRUE(eventually_effects(values));
  EXPECT_EQ(first("SELECT count(*) FROM effect JOIN {schema}.history ON effect.xmin = xid::xid AND "
                  "effect.job_id = history.id::text"),
            "200");
  EXPECT_EQ(kept(), 200U);
}

TEST_P(WorkerBlame, NamesTheFlowAndItsStep) {
  start_with_history();
  const auto flow = begin(1, "step a;step b");
  ASSERT_TRUE(eventually_ended(flow));
  const auto blame = found_effect(102);
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  EXPECT_EQ(blame.at("jobs").at(0).at("flow"), flow.str());
  EXPECT_EQ(blame.at("jobs").at(0).at("step"), "b");
  EXPECT_EQ(blame.at("jobs").at(0).at("job"), flow.str());
  EXPECT_EQ(found_effect(101).at("jobs").at(0).at("step"), "a");
}

TEST_P(WorkerBlame, SeesThroughSavepointsThatTheLibraryHasOpened) {
  start_with_history();
  const auto job = tasks.write_in_savepoints.delay(10);
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1, 10}));
  for (const long id : {10, 11, 12}) {
    const auto blame = found({"orders", std::to_string(id)});
    EXPECT_EQ(blame.at("finding"), "written") << id;
    EXPECT_EQ(blame.at("within_savepoint"), true) << id;
    ASSERT_EQ(blame.at("jobs").size(), 1U) << id;
    EXPECT_EQ(blame.at("jobs").at(0).at("job"), job.str()) << id;
  }
  EXPECT_EQ(found_effect(10).at("within_savepoint"), false);
  EXPECT_EQ(blame({"orders", "13"}).exit_code, 1) << "rolled back";
  EXPECT_EQ(kept("history_savepoint"), 3U) << "and nothing is kept of that";
}

TEST_P(WorkerBlame, SaysPerhapsOfASavepointThatTheLibraryHasNotSeen) {
  start_with_history();
  const auto job = tasks.run_sql.delay(
      1, "DO $$BEGIN INSERT INTO orders VALUES (5); EXCEPTION WHEN division_by_zero THEN NULL; END$$");
  ASSERT_TRUE(eventually_effects({1}));
  const auto blame = found({"orders", "5"});
  const bool times_are_kept = first("SHOW track_commit_timestamp") == "on";
  EXPECT_EQ(blame.at("finding"), times_are_kept ? "written" : "perhaps");
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  EXPECT_EQ(blame.at("jobs").at(0).at("job"), job.str());
  if (times_are_kept) return;
  const auto told = this->blame({"orders", "5"});
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_THAT(told.output, AllOf(HasSubstr("perhaps in a savepoint"), HasSubstr("or by none of them")));
}

TEST_P(WorkerBlame, NamesAJobWhoseTaskHasTakenAnotherRole) {
  start_with_history({"--concurrency", "1"});
  const auto job = tasks.run_sql.delay(1, "SET LOCAL ROLE pg_read_all_data");
  tasks.run_sql.delay(2, "SET ROLE pg_read_all_data");
  tasks.run_sql.delay(3, "SELECT 1");
  ASSERT_TRUE(eventually_effects({1, 2, 3}));
  ASSERT_EQ(found_effect(1).at("jobs").size(), 1U);
  EXPECT_EQ(found_effect(1).at("jobs").at(0).at("job"), job.str());
  EXPECT_EQ(kept(), 3U);
}

TEST_P(WorkerBlame, HidesNotThatATaskHasEndedItsTransactionByItself) {
  const auto job = tasks.break_out.apply_async({.max_retries = 5}, 1, "COMMIT; BEGIN;");
  start_with_history();
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("by itself"));
  EXPECT_EQ(starts(job), 1U) << "another might be a second effect";
}

TEST_P(WorkerBlame, CallsNoFlowDoneThatWasUndone) {
  start_with_history();
  const auto flow = begin(1, "step a;undo a;throw");
  ASSERT_TRUE(eventually([&] { return kept() >= 2; }));
  EXPECT_EQ(first("SELECT count(*) FROM {schema}.history WHERE id = '" + flow.str() + "' AND step IS NULL"),
            "0");
}

TEST_P(WorkerBlame, KnowsNothingOfWhatNoJobHasWritten) {
  start_with_history();
  app.database().exec("INSERT INTO orders VALUES (1)");
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  app.database().exec("INSERT INTO orders VALUES (2)");
  const auto before = blame({"orders", "1"});
  EXPECT_EQ(before.exit_code, 1);
  EXPECT_THAT(before.output, HasSubstr("older than the history"));
  EXPECT_EQ(found({"orders", "2"}).at("finding"), "perhaps") << "it may be a savepoint of the one before";
}

TEST_P(WorkerBlame, TellsOfTheLastWriterOfARow) {
  start_with_history();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  const auto job = tasks.run_sql.delay(2, "UPDATE effect SET attempt = 9 WHERE value = 1");
  ASSERT_TRUE(eventually_effects({1, 2}));
  EXPECT_EQ(found_effect(1).at("jobs").at(0).at("job"), job.str());
}

TEST_P(WorkerBlame, HasNothingToSayWhereNoHistoryIsKept) {
  start_worker();
  tasks.write_in_savepoints.delay(10);
  ASSERT_TRUE(eventually_effects({10}));
  EXPECT_EQ(kept() + kept("history_savepoint"), 0U);
  const auto end = blame({"orders", "10"});
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("no worker was started with --history"));
}

TEST_P(WorkerBlame, LetsTheStoryOfAJobSayWhereADoneOneTookEffect) {
  start_with_history();
  const auto job = tasks.insert.delay(7);
  ASSERT_TRUE(eventually_effects({7}));
  const auto story = nlohmann::json::parse(
      command({"job", job.str(), "--json"}, app.options().redis_url).output, nullptr, false);
  EXPECT_EQ(story.at("fate"), "done");
  EXPECT_EQ(story.at("task"), "insert");
  EXPECT_EQ(story.at("took_effect_in_transaction"), found_effect(7).at("transaction"));
  EXPECT_EQ(story.at("asked_in_transaction"), found_effect(7).at("jobs").at(0).at("asked_in_transaction"));
}

class Blamed : public BlameTest {};

TEST_F(Blamed, BelievesNoHistoryThatWasBroughtHereFromElsewhere) {
  app.database().exec("INSERT INTO orders VALUES (1)");
  app.database().exec(
      sql("INSERT INTO {schema}.history (xid, id, task, queue, attempt, worker) SELECT "
          "(SELECT xmin FROM orders)::text::xid8, gen_random_uuid(), 'forged', 'mail', 1, 'w'"));
  const auto blame = found({"orders", "1"});
  EXPECT_EQ(blame.at("finding"), "unknown");
  EXPECT_THAT(blame.at("jobs"), IsEmpty());
}

TEST_F(Blamed, BelievesNoSavepointThatWasBroughtHereFromElsewhere) {
  app.database().atomic([&] {
    app.database().exec("INSERT INTO orders VALUES (1)");
    app.database().exec(
        sql("INSERT INTO {schema}.history (xid, id, task, queue, attempt, worker) SELECT "
            "pg_current_xact_id(), gen_random_uuid(), 'own', 'mail', 1, 'w'"));
  });
  app.database().exec(sql("INSERT INTO {schema}.history_savepoint SELECT xid, '3' FROM {schema}.history"));
  const auto blame = found({"orders", "1"});
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  EXPECT_EQ(blame.at("jobs").at(0).at("task"), "own");
}

TEST_F(Blamed, FindsRowsByKeysOfSeveralColumnsAndNamesThatNeedQuotes) {
  app.database().exec(
      "CREATE TABLE \"Order Lines\" (\"order\" bigint, \"L=n\" text, PRIMARY KEY (\"order\", \"L=n\"))");
  app.database().exec("INSERT INTO \"Order Lines\" VALUES (1, 'a''b'), (1, 'c')");
  app.database().exec("CREATE TABLE texts (id text PRIMARY KEY)");
  app.database().exec("INSERT INTO texts VALUES ('x=1')");
  EXPECT_EQ(found({"texts", "x=1"}).at("key"), "id=x=1") << "x is no column";
  EXPECT_THAT(blame({"\"Order Lines\"", "1"}).error,
              HasSubstr("has several columns: give it as order=VALUE L=n=VALUE"));
  app.database().exec("ALTER TABLE \"Order Lines\" RENAME COLUMN \"L=n\" TO \"Line\"");
  const auto blame = found({schema.name() + ".\"Order Lines\"", "order=1", "Line=a'b"});
  EXPECT_EQ(blame.at("finding"), "unknown");
  EXPECT_EQ(blame.at("key"), "order=1 Line=a'b");
  EXPECT_THAT(blame.at("xmin").get<std::string>(), Not(IsEmpty()));
}

TEST_F(Blamed, SaysWhatIsWrongWithTheQuestion) {
  app.database().exec("CREATE VIEW some_view AS SELECT * FROM orders");
  app.database().exec("INSERT INTO effect(value) VALUES (1), (1)");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"nothing", "1"}, "has no table 'nothing'"},
      {{"a.b.c.d", "1"}, "'a.b.c.d' is no name of a table"},
      {{"some_view", "1"}, "is a view, which has no rows of its own"},
      {{"effect", "1"}, "has no primary key: say which column the key is of, by --key-column NAME"},
      {{"orders", "1", "--key-column", "none"}, "has no column 'none'"},
      {{"orders", "none=1", "id=1"}, "has no column 'none'"},
      {{"orders", "id=1", "1"}, "'1' is no part of a key: give each as COLUMN=VALUE"},
      {{"orders", "one"}, "the key does not go with id (bigint)"},
      {{"effect", "value=1"}, "several rows of table"},
      {{"orders"}, "blame needs a table and the key of a row in it"},
      {{"orders", "a=1", "b=2", "--key-column", "id"}, "--key-column goes with one KEY"},
  };
  for (const auto& [words, sentence] : wrong) {
    const auto end = blame(words);
    EXPECT_EQ(end.exit_code, 2) << sentence;
    EXPECT_THAT(end.error, HasSubstr(sentence));
  }
  const auto gone = blame({"orders", "99"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.error, HasSubstr("has no row with id=99: it was deleted"));
}

TEST_F(Blamed, SaysWhatARoleLacks) {
  app.database().exec("INSERT INTO orders VALUES (1)");
  const auto role = schema.name() + "_reader";
  app.database().exec("CREATE ROLE " + role + " LOGIN PASSWORD 'x'");
  app.database().exec("GRANT USAGE ON SCHEMA " + schema.name() + " TO " + role);
  const auto ask = [&] {
    return support::run_cli(
        {"blame", "orders", "1", "--database",
         database_url + "&options=-c%20role%3D" + role + "%20-c%20search_path%3D" + schema.name()},
        {{"REDIS_URL", "none"}, {"AFTERCOMMIT_SCHEMA", schema.name()}});
  };
  EXPECT_THAT(ask().error, AllOf(HasSubstr("cannot read table"), HasSubstr("GRANT this role SELECT")));
  app.database().exec("GRANT SELECT ON orders TO " + role);
  app.database().exec(sql("GRANT SELECT ON {schema}.migration TO " + role));
  EXPECT_THAT(ask().error, HasSubstr("SELECT on its tables history and history_savepoint"));
  EXPECT_EQ(ask().exit_code, 3);
  app.database().exec("DROP OWNED BY " + role);
  app.database().exec("DROP ROLE " + role);
}

TEST_F(Blamed, WorksBesideTablesWithoutAHistory) {
  app.database().exec(sql("DROP TABLE {schema}.history, {schema}.history_savepoint"));
  app.database().exec(sql("DELETE FROM {schema}.migration WHERE version = 10"));
  app.database().exec("INSERT INTO orders VALUES (1)");
  EXPECT_THAT(blame({"orders", "1"}).output, HasSubstr("have no history, which comes with version 10"));

  auto& refused = start_worker(Start{.options = {"--history", "1", "--no-migrate"}, .wait = false});
  EXPECT_EQ(refused.exit_code(), 3);
  EXPECT_THAT(refused.log(), HasSubstr("has version 9, and a worker with --history needs 10"));
  start_worker({"--no-migrate"});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1})) << "without it";
}

TEST_F(Blamed, IsKeptByNoWorkerWhoseRoleMayNot) {
  const auto role = schema.name() + "_worker";
  app.database().exec("CREATE ROLE " + role + " LOGIN PASSWORD 'x'");
  app.database().exec("GRANT ALL ON SCHEMA " + schema.name() + " TO " + role);
  app.database().exec("GRANT ALL ON ALL TABLES IN SCHEMA " + schema.name() + " TO " + role);
  app.database().exec(sql("REVOKE INSERT ON {schema}.history FROM " + role));
  auto& worker = start_worker(Start{
      .options = {"--history", "1", "--database",
                  database_url + "&options=-c%20role%3D" + role + "%20-c%20search_path%3D" + schema.name()},
      .wait = false});
  EXPECT_EQ(worker.exit_code(), 3);
  EXPECT_THAT(worker.log(), HasSubstr("this role may not keep a history"));
  app.database().exec("DROP OWNED BY " + role);
  app.database().exec("DROP ROLE " + role);
}

TEST_F(Blamed, IsForgottenByEachWorkerAsItsOptionSays) {
  app.database().exec(
      sql("INSERT INTO {schema}.history (xid, id, task, queue, attempt, worker, at) SELECT n::text::xid8, "
          "gen_random_uuid(), 't', 'q', 1, 'w', now() - CASE WHEN n <= 2500 THEN interval '31 days' ELSE "
          "interval '29 days' END FROM generate_series(1, 2510) AS n"));
  app.database().exec(sql("INSERT INTO {schema}.history_savepoint SELECT xid, xid FROM {schema}.history"));
  EXPECT_GT(detail::purge_history(app.database(), 30h * 24), 0U);
  EXPECT_EQ(kept(), 1510U) << "a thousand at a time";
  start_worker();
  start_worker({"--history", "30"});
  EXPECT_TRUE(eventually([&] { return kept() == 10 && kept("history_savepoint") == 10; }));
}

class BlamedWithRedis : public BlameTest {
 protected:
  BlamedWithRedis() : BlameTest{"redis"} {}
};

TEST_F(BlamedWithRedis, NamesAJobThatHadNoRow) {
  start_with_history();
  const auto job = tasks.insert.apply_async({.delivery = Delivery::kOnCommit}, 7);
  ASSERT_TRUE(eventually_effects({7}));
  const auto blame = found_effect(7);
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  EXPECT_EQ(blame.at("jobs").at(0).at("job"), job.str());
  EXPECT_EQ(blame.at("jobs").at(0).at("asked_in_transaction"), nullptr);
}

TEST_F(BlamedWithRedis, NamesAllJobsOfABatch) {
  std::vector<JobId> jobs;
  app.database().atomic([&] {
    for (long value = 1; value <= 11; ++value) jobs.push_back(tasks.together.delay(value, "", lock_key));
  });
  ASSERT_TRUE(eventually([&] { return broker->counts("default").ready == 11; }));
  start_with_history({"--concurrency", "1"});
  ASSERT_TRUE(eventually([&] { return effects().size() == 11; }));
  const auto blame = found_effect(11);
  EXPECT_EQ(blame.at("finding"), "written");
  std::vector<std::string> named;
  for (const auto& writer : blame.at("jobs")) {
    named.push_back(writer.at("job"));
    EXPECT_NE(writer.at("asked_in_transaction"), nullptr);
  }
  EXPECT_GT(named.size(), 1U);
  EXPECT_THAT(named, ::testing::Contains(jobs.back().str()));
  EXPECT_THAT(this->blame({"effect", "value=11"}).output, HasSubstr("by one of a batch"));
}

TEST_F(BlamedWithRedis, NamesAJobThatTookAPlaceOfALimit) {
  start_with_history();
  const auto job = tasks.one_of_a_key.delay(3, "key", 0.0);
  ASSERT_TRUE(eventually_effects({3}));
  const auto blame = found_effect(3);
  ASSERT_EQ(blame.at("jobs").size(), 1U) << blame;
  EXPECT_EQ(blame.at("jobs").at(0).at("job"), job.str());
  EXPECT_NE(blame.at("jobs").at(0).at("asked_in_transaction"), nullptr);
}

}  // namespace
}  // namespace aftercommit
