/// The schema of jobs: made once, whoever asks how often, and refused where it does not fit.
#include "client/job_table/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "client/job_table/home.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/sql_template.hpp"
#include "client/statements/statements.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/migrations.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using detail::check_schema;
using detail::in_schema;
using detail::kOldestSchemaVersion;
using detail::kSchemaVersion;
using detail::migrate;
using detail::migration_script;
using detail::require_schema;
using detail::schema_is_at_least;
using detail::schema_version;
using support::caught;
using support::eventually;
using support::message_of;
using support::unique_name;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Migrations = support::MigrationsTest;

TEST_F(Migrations, MakeTheTablesAndTheFunctionWhereThereIsNothing) {
  const auto jobs = database(schema_);
  EXPECT_EQ(schema_version(*jobs), 0);
  migrate(*jobs);
  EXPECT_EQ(schema_version(*jobs), kSchemaVersion);
  EXPECT_NO_THROW(check_schema(*jobs));
  EXPECT_EQ(jobs->exec(in_schema("SELECT {schema}.enqueue('t')", schema_)).size(), 1U);
}

TEST_F(Migrations, AreSeenAtOnceByWhoHasFoundTheTablesTooOld) {
  const auto jobs = database(schema_);
  EXPECT_FALSE(schema_is_at_least(*jobs, kSchemaVersion));
  migrate(*database(schema_));
  EXPECT_TRUE(schema_is_at_least(*jobs, kSchemaVersion));
  EXPECT_FALSE(schema_is_at_least(*jobs, kSchemaVersion + 1));
}

TEST_F(Migrations, ChangeNothingTheSecondTime) {
  const auto jobs = database(schema_);
  migrate(*jobs);
  jobs->exec(in_schema("SELECT {schema}.enqueue('t')", schema_));
  const auto before = content(schema_);
  migrate(*jobs);
  EXPECT_EQ(content(schema_), before);
  EXPECT_EQ(outside("SELECT FROM " + schema_ + ".job").size(), 1U);
}

TEST_F(Migrations, RunAtTheSameTimeWithoutHarm) {
  const auto jobs = database(schema_);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, own = database(schema_)] { EXPECT_NO_THROW(migrate(*own)); });
    }
  }
  EXPECT_NO_THROW(check_schema(*jobs));
  EXPECT_EQ(outside("SELECT FROM " + schema_ + ".migration").size(),
            static_cast<std::size_t>(kSchemaVersion));
}

TEST_F(Migrations, KilledInTheMiddleLeaveNothingAndCanBeRunAgain) {
  const auto jobs = database(schema_);
  outside("CREATE SCHEMA " + schema_);
  {
    pqxx::connection connection{corner_.url("other")};
    pqxx::work other{connection};
    other.exec("CREATE TABLE " + schema_ +
               ".ledger ()");  // not committed: who makes one of that name has to wait
    std::jthread migration{[&] { EXPECT_THROW(migrate(*jobs), pqxx::failure); }};
    const auto waiting =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
        "application_name = '" +
        application_ + "'";
    EXPECT_TRUE(eventually([&] { return outside(waiting).size() == 1; }));
  }
  EXPECT_TRUE(content(schema_).empty());
  migrate(*jobs);
  EXPECT_NO_THROW(check_schema(*jobs));
}

TEST_F(Migrations, InsideAnOpenBlockAreRefused) {
  const auto jobs = database(schema_);
  jobs->atomic([&] { EXPECT_THROW(migrate(*jobs), UsageError); });
  EXPECT_EQ(schema_version(*jobs), 0);
}

TEST_F(Migrations, InASchemaMadeForTheRoleNeedNoRightToCreateOne) {
  const auto role = new_role();
  outside("CREATE SCHEMA " + schema_ + " AUTHORIZATION " + role);
  const auto jobs = database(schema_, role);
  migrate(*jobs);
  EXPECT_NO_THROW(check_schema(*jobs));
}

TEST_F(Migrations, WithoutTheRightToCreateLeaveNothing) {
  const auto jobs = database(schema_, new_role());
  EXPECT_THROW(migrate(*jobs), pqxx::insufficient_privilege);
  EXPECT_EQ(schema_version(*jobs), 0);
}

TEST_F(Migrations, LeaveANewerSchemaAsItIsAndLetOlderProgramsWorkWithIt) {
  const auto jobs = database(schema_);
  migrate(*jobs);
  outside("INSERT INTO " + schema_ + ".migration (version) VALUES (" + std::to_string(kSchemaVersion + 1) +
          ")");
  const auto before = content(schema_);
  migrate(*jobs);
  EXPECT_EQ(content(schema_), before);
  EXPECT_EQ(schema_version(*jobs), kSchemaVersion + 1);
  EXPECT_NO_THROW(check_schema(*jobs));
}

TEST_F(Migrations, FromTheFirstVersionKeepWhatIsThereAndTheRightsOfWorkers) {
  const auto jobs = database(schema_);
  make_version(1);
  const auto role = new_role();
  outside("GRANT USAGE ON SCHEMA " + schema_ + " TO " + role);
  outside("GRANT SELECT, INSERT, UPDATE, DELETE ON " + schema_ + ".job, " + schema_ + ".dead, " + schema_ +
          ".ledger TO " + role);
  for (const std::string sql :
       {"SELECT {schema}.enqueue('t', '[1]')",
        "INSERT INTO {schema}.dead (id, queue, letter) SELECT id, queue, '{}' FROM {schema}.job",
        "INSERT INTO {schema}.ledger SELECT id FROM {schema}.job"}) {
    outside(in_schema(sql, schema_));
  }
  const auto rows = [&] {
    std::vector<std::string> all;
    for (const std::string table : {"job", "dead", "ledger"}) {
      for (const auto& row : outside("SELECT one::text FROM " + schema_ + "." + table + " AS one ORDER BY 1"))
        all.push_back(row[0].as<std::string>());
    }
    return all;
  };
  const auto before = rows();
  EXPECT_EQ(before.size(), 6U);

  migrate(*jobs);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(schema_version(*jobs), kSchemaVersion);
  const auto other = unique_name("jobs");
  migrate(*database(other));
  EXPECT_EQ(content(schema_), content(other));
  const auto as_worker = database(schema_, role);
  EXPECT_FALSE(detail::read_home(*as_worker).token.empty());
  EXPECT_NO_THROW(detail::enter_app(*as_worker, {.app = "shop", .tasks = {"t"}}, std::vector<Queue>{"mail"}));
}

TEST_F(Migrations, ReplaceTheFunctionThatHadFewerParametersAndKeepWhoMayUseIt) {
  make_version(3);
  const auto before =
      "FUNCTION " + schema_ + ".enqueue(text, jsonb, text, interval, timestamptz, int, interval, text, uuid)";
  outside(in_schema(
      "CREATE FUNCTION {schema}.enqueue(task text, args jsonb, queue text DEFAULT 'default', "
      "countdown interval DEFAULT NULL, eta timestamptz DEFAULT NULL, max_retries int DEFAULT NULL, "
      "expires interval DEFAULT NULL, database text DEFAULT NULL, id uuid DEFAULT NULL) "
      "RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
      schema_));
  const auto role = new_role();
  const auto stranger = new_role();
  outside("REVOKE ALL ON " + before + " FROM PUBLIC");
  outside("GRANT EXECUTE ON " + before + " TO " + role);
  migrate(*database(schema_));
  EXPECT_NO_THROW(outside(in_schema(
      "SELECT {schema}.enqueue('t', '[1]'::jsonb, 'mail', interval '1 s'), {schema}.enqueue('t', '[2]')",
      schema_)));
  const auto rights =
      outside("SELECT has_function_privilege('" + role + "', oid, 'EXECUTE'), " + "has_function_privilege('" +
              stranger + "', oid, 'EXECUTE') FROM pg_proc " +
              "WHERE proname = 'enqueue' AND proargtypes[1] = 'jsonb'::regtype AND pronamespace = '" +
              schema_ + "'::regnamespace");
  ASSERT_EQ(rights.size(), 1U);
  EXPECT_TRUE(rights[0][0].as<bool>());
  EXPECT_FALSE(rights[0][1].as<bool>());
}

TEST_F(Migrations, GiveEachSchemaATokenThatItKeeps) {
  const auto jobs = database(schema_);
  migrate(*jobs);
  const auto token = detail::read_home(*jobs).token;
  migrate(*jobs);
  EXPECT_EQ(detail::read_home(*jobs).token, token);
  const auto other = database(unique_name("jobs"));
  migrate(*other);
  EXPECT_NE(detail::read_home(*other).token, token);
  outside("DELETE FROM " + schema_ + ".home");
  EXPECT_THAT(message_of<ConfigError>([&] { detail::read_home(*jobs); }),
              AllOf(HasSubstr("aftercommit new-token"), HasSubstr("aftercommit adopt")));
  detail::renew_token(*jobs);
  const auto next = detail::read_home(*jobs).token;
  EXPECT_NE(next, token);
  detail::renew_token(*jobs);
  EXPECT_NE(detail::read_home(*jobs).token, next);
}

TEST_F(Migrations, AreAskedForWhereTheTablesAreMissing) {
  const auto jobs = database(schema_);
  EXPECT_THAT(message_of<ConfigError>([&] { check_schema(*jobs); }),
              AllOf(HasSubstr("schema '" + schema_ + "' of database 'default' has none of the tables"),
                    HasSubstr("run `aftercommit migrate --schema " + schema_ + " --database 'default=")));
}

TEST_F(Migrations, AreAskedForByACommandThatWorksAsItStands) {
  const auto jobs = database("my schema");
  const auto message = message_of<ConfigError>([&] { check_schema(*jobs); });
  const auto begin = message.find("`aftercommit ") + 13;
  const auto command = message.substr(begin, message.find('`', begin) - begin);
  EXPECT_EQ(std::system((AFTERCOMMIT_CLI " " + command + " >/dev/null").c_str()), 0) << command;
  EXPECT_NO_THROW(check_schema(*jobs));
}

TEST_F(Migrations, AreAskedForWithoutAPassword) {
  const Database hidden{{.url = "postgresql://user:canary@h/db?sslpassword=canary", .schema = schema_},
                        "reports"};
  const auto command = detail::command_for(hidden, "migrate");
  EXPECT_EQ(command,
            "aftercommit migrate --schema " + schema_ + " --database 'reports=user=user dbname=db host=h'");
}

TEST_F(Migrations, AreAskedForWhereTheSchemaIsOlder) {
  const auto jobs = database(schema_);
  migrate(*jobs);
  outside("DELETE FROM " + schema_ + ".migration WHERE version > 1");
  EXPECT_THAT(
      message_of<ConfigError>([&] { check_schema(*jobs); }),
      AllOf(HasSubstr("has version 1, and this program needs 2"), HasSubstr("run `aftercommit migrate ")));
}

TEST_F(Migrations, AreAskedForWhereWhatIsNewNeedsMoreThanAllTheRest) {
  const auto jobs = database(schema_);
  migrate(*jobs);
  EXPECT_EQ(require_schema(*jobs, kSchemaVersion, "a unique job"), kSchemaVersion);
  EXPECT_THAT(message_of<ConfigError>([&] { require_schema(*jobs, kSchemaVersion + 1, "a unique job"); }),
              AllOf(HasSubstr("has version " + std::to_string(kSchemaVersion) + ", and a unique job needs " +
                              std::to_string(kSchemaVersion + 1)),
                    HasSubstr("run `aftercommit migrate ")));
}

TEST_F(Migrations, FromTheOldestVersionOnHaveAllThatTheStatementsOfThisProgramName) {
  make_version(kOldestSchemaVersion);
  EXPECT_NO_THROW(check_schema(*database(schema_)));
  const detail::Statements of{schema_};
  const auto alone = [](const std::string& sql) {  // without the settings that go before it
    const auto settings = sql.rfind("SET LOCAL ");
    return settings == sql.npos ? sql : sql.substr(sql.find(';', settings) + 1);
  };
  for (const auto& sql : {of.may_copy_jobs,
                          of.find_job,
                          of.record_attempt,
                          of.bury_job,
                          of.bury_lost,
                          of.finish_job,
                          of.count_jobs,
                          of.list_jobs,
                          of.list_dead,
                          of.list_dead_ids,
                          of.find_dead,
                          of.revive_job,
                          of.unmark_revival,
                          of.forget_dead,
                          of.settle_doubt,
                          of.job_holder,
                          of.end_backends,
                          of.find_in_ledger,
                          of.purge_ledger,
                          of.read_home,
                          of.look_for_job,
                          of.find_apps,
                          of.enter_app,
                          of.forget_apps,
                          of.renew_token,
                          of.find_locked,
                          of.relay_load,
                          of.insert_job.with_parameters(),
                          of.insert_jobs.with_parameters(),
                          of.guard_job.with_parameters(),
                          of.guard_ledger.with_parameters(),
                          of.guard_jobs.with_parameters(),
                          of.guard_ledger_many.with_parameters(),
                          of.proof.with_parameters(),
                          alone(of.relay_fresh.with_parameters())}) {
    EXPECT_NO_THROW(outside("PREPARE one AS " + sql)) << sql;
    outside("DEALLOCATE ALL");
  }
}

TEST_F(Migrations, AreNoUseWhereACrashOfTheServerEmptiesATable) {  // P6
  const auto jobs = database(schema_);
  migrate(*jobs);
  for (const std::string table : {"job", "dead", "ledger"}) {
    outside("ALTER TABLE " + schema_ + "." + table + " SET UNLOGGED");
    EXPECT_THAT(message_of<ConfigError>([&] { check_schema(*jobs); }),
                AllOf(HasSubstr("table '" + table + "'"), HasSubstr("is UNLOGGED")));
    outside("ALTER TABLE " + schema_ + "." + table + " SET LOGGED");
  }
  EXPECT_NO_THROW(check_schema(*jobs));
}

TEST_F(Migrations, SayWhichRightIsMissingToReadTheVersion) {
  migrate(*database(schema_));
  const auto jobs = database(schema_, new_role());
  EXPECT_THAT(
      message_of<ConfigError>([&] { check_schema(*jobs); }),
      AllOf(HasSubstr("cannot read the version of schema '" + schema_ + "'"), HasSubstr("grant the role")));
}

// ---- As a script

int run_psql(const std::string& url, const std::string& script) {
  const auto file = ::testing::TempDir() + unique_name("script");
  std::ofstream{file} << script;
  const auto command = "psql -X -q -v ON_ERROR_STOP=1 -f '" + file + "' '" + url + "' >/dev/null 2>&1";
  const int result = std::system(command.c_str());
  std::filesystem::remove(file);
  return result;
}

TEST_F(Migrations, AsAScriptDoTheSame) {
  const auto other = unique_name("jobs");
  const auto jobs = database(schema_);
  EXPECT_EQ(run_psql(url_, migration_script(schema_)), 0);
  EXPECT_NO_THROW(check_schema(*jobs));
  migrate(*database(other));
  EXPECT_EQ(content(schema_), content(other));
}

TEST_F(Migrations, AsAScriptRunTwiceFailAndChangeNothing) {
  const auto jobs = database(schema_);
  EXPECT_EQ(run_psql(url_, migration_script(schema_)), 0);
  const auto before = content(schema_);
  EXPECT_NE(run_psql(url_, migration_script(schema_)), 0);
  EXPECT_EQ(content(schema_), before);
}

TEST_F(Migrations, AsAScriptFromTheNewestVersionHaveNothingToDo) {
  EXPECT_THAT(migration_script(schema_, 0), HasSubstr("CREATE TABLE"));
  EXPECT_THAT(migration_script(schema_, kSchemaVersion), ::testing::Not(HasSubstr("CREATE")));
}

// ---- Names

class SchemaName : public Migrations, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Hostile, SchemaName,
                         ::testing::Values("a\"; DROP TABLE x; --", "it's; DROP TABLE x; --",
                                           "back\\'slash\\", "$do$; DROP TABLE x; --",
                                           "$function$; DROP TABLE x; --", "Upper Case", "sch\u00e9ma",
                                           "comma, public", "--", "/*"),
                         [](const auto& test) { return "Number" + std::to_string(test.index); });

TEST_P(SchemaName, IsHarmless) {
  const auto name = GetParam();
  const auto jobs = database(name);
  outside("CREATE TABLE x ()");  // gone, if a name got out of its quotes
  migrate(*jobs);
  EXPECT_NO_THROW(check_schema(*jobs));
  jobs->exec(in_schema("SELECT {schema}.enqueue('t', '[1]')", name));
  EXPECT_EQ(outside(in_schema("SELECT FROM {schema}.job", name)).size(), 1U);
  EXPECT_NO_THROW(outside("SELECT FROM x"));

  outside(in_schema("DROP SCHEMA {schema} CASCADE", name));
  EXPECT_EQ(run_psql(url_, migration_script(name)), 0);
  EXPECT_NO_THROW(check_schema(*jobs));
  EXPECT_NO_THROW(outside("SELECT FROM x"));
}

TEST(InSchema, ReplacesItsPlacesAndNoOthers) {
  EXPECT_EQ(in_schema("{schema}.job {rows} {schema_name} {schema}", "a\"b'c"),
            "\"a\"\"b'c\".job {rows} 'a\"b''c' \"a\"\"b'c\"");
  EXPECT_EQ(in_schema("= {schema_name}", "a\\b"), "=  E'a\\\\b'");
}

TEST(InSchema, RefusesWhatNoSchemaIsCalled) {
  using namespace std::string_literals;
  for (const auto& name : {""s, std::string(64, 'a'), "a\0b"s, "a\nb"s, "{rows}"s, "\xff"s}) {
    EXPECT_THAT(message_of<ConfigError>([&] { in_schema("", name); }), HasSubstr("cannot be a schema"))
        << name;
  }
  EXPECT_EQ(in_schema("{schema}", std::string(63, 'a')).size(), 65U);
}

}  // namespace
}  // namespace aftercommit
