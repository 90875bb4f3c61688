/// Settings of a role or a database that change what SQL means, and names in the search path that hide
/// PostgreSQL's own: ours means the same all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "client/app/worker_backends.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/job_table/home.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/job_table/ledger.hpp"
#include "client/transaction/session.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/job_schema.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::pair<const char*, const char*> kHostile[] = {
    {"standard_conforming_strings", "off"},
    {"escape_string_warning", "on"},
    {"backslash_quote", "off"},
    {"search_path", "pg_temp"},
    {"datestyle", "SQL, DMY"},
    {"intervalstyle", "sql_standard"},
    {"timezone", "Asia/Kathmandu"},
    {"bytea_output", "escape"},
    {"extra_float_digits", "-15"},
    {"client_encoding", "LATIN1"},
    {"client_min_messages", "debug1"},
    {"default_transaction_isolation", "repeatable read"},
    {"default_transaction_deferrable", "on"},
    {"statement_timeout", "30s"},
    {"lock_timeout", "10s"},
    {"idle_in_transaction_session_timeout", "30s"},
    {"row_security", "off"},
    {"synchronous_commit", "off"},
    {"check_function_bodies", "off"},
    {"xmloption", "document"},
    {"array_nulls", "off"},
    {"transform_null_equals", "on"},
    {"quote_all_identifiers", "on"},
    {"plpgsql.variable_conflict", "use_column"},
    {"plpgsql.extra_errors", "all"},
    {"plan_cache_mode", "force_generic_plan"},
    {"enable_indexscan", "off"},
    {"enable_indexonlyscan", "off"},
    {"enable_bitmapscan", "off"},
    {"enable_nestloop", "off"},
    {"enable_hashjoin", "off"},
    {"enable_hashagg", "off"},
    {"enable_sort", "off"},
    {"enable_material", "off"},
    {"from_collapse_limit", "1"},
    {"join_collapse_limit", "1"},
    {"work_mem", "64kB"},
    {"jit", "on"},
    {"jit_above_cost", "0"},
};

/// "ROLE postgres" or "DATABASE postgres".
class OnHostileServer : protected support::OnPrivatePostgres,
                        public ::testing::WithParamInterface<std::string> {
 protected:
  OnHostileServer() {
    pqxx::connection connection{server.url()};
    pqxx::nontransaction session{connection};
    for (const auto& [setting, value] : kHostile) {
      session.exec("ALTER " + GetParam() + " SET " + setting + " = " + session.quote(std::string{value}));
    }
  }
};

class HostileSettings : public OnHostileServer, public support::WorkerTest {
 protected:
  json audit() {
    const auto end = support::run_cli(
        {"audit", "--json", "--pause", "0"},
        {{"REDIS_URL", redis_url}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}});
    return json::parse(end.output);
  }
  pqxx::result outside(const std::string& sql) {
    pqxx::connection connection{database_url};
    return pqxx::nontransaction{connection}.exec(sql);
  }
};

TEST_P(HostileSettings, ChangeNothingOfTheWayOfAJob) {  // P1, P3, P6, P7
  const std::string odd = "back\\slash 'quote' \"double\" \u00e9\n";
  start_worker();
  app.database().atomic([&] {
    tasks.insert.delay(1);
    tasks.two.delay(2, odd);
  });
  tasks.two.apply_async({.countdown = 10ms}, 3, odd);
  tasks.insert.apply_async({.eta = std::chrono::system_clock::now() + 10ms}, 4);
  tasks.insert.apply_async({.delivery = Delivery::kOnCommit}, 5);
  tasks.succeed_at.delay(6, 2);
  tasks.parent.delay(7, "by delay");
  EXPECT_THROW(app.database().atomic([&] {
    tasks.insert.delay(100);
    throw support::Deliberate{};
  }),
               support::Deliberate);
  const auto enqueue = [&](const std::string& args) {
    outside("SELECT " + schema.name() + ".enqueue(" + args + ")");
  };
  enqueue(R"($$two$$, $$[9, "back\\slash \"double\" \u00e9"]$$)");
  enqueue("'insert', '[10]', countdown => '10 ms', expires => '1 day'");
  enqueue("'insert', '[11]'::jsonb, eta => now() + interval '10 ms', max_retries => 1");
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));

  const auto dead = tasks.fail.apply_async({.max_retries = 1}, 12, odd);
  const auto letter = eventually_dead(1).front();
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, dead);
  EXPECT_EQ(letter.job->args, json::array({12, odd}));
  EXPECT_EQ(letter.job->attempt, 2);
  ASSERT_TRUE(eventually_empty());
  const auto found = audit();
  EXPECT_EQ(found.at("agrees"), true) << found.dump(2);
  EXPECT_TRUE(table.revive(dead));
  EXPECT_EQ(eventually_dead(1).front().job->id, dead);

  EXPECT_EQ(outside("SELECT extract(epoch FROM now() - died_at) BETWEEN 0 AND 60 FROM " + schema.name() +
                    ".dead")[0][0]
                .as<bool>(),
            true);
}

INSTANTIATE_TEST_SUITE_P(Of, HostileSettings, ::testing::Values("ROLE postgres", "DATABASE postgres"),
                         [](const auto& one) { return one.param.substr(0, one.param.find(' ')); });

/// Functions and operators of others stand before PostgreSQL's own in the search path of all sessions.
class Shadowed : public support::JobSchema {
 protected:
  Shadowed() {
    for (const auto* signature : {"now() RETURNS timestamptz",
                                  "clock_timestamp() RETURNS timestamptz",
                                  "pg_backend_pid() RETURNS int",
                                  "to_timestamp(float8) RETURNS timestamptz",
                                  "to_timestamp(numeric) RETURNS timestamptz",
                                  "set_config(text, text, bool) RETURNS text",
                                  "pg_current_xact_id() RETURNS xid8",
                                  "pg_current_xact_id_if_assigned() RETURNS xid8",
                                  "hashtextextended(text, bigint) RETURNS bigint",
                                  "hashtextextended(text, int) RETURNS bigint",
                                  "pg_try_advisory_xact_lock(bigint) RETURNS bool",
                                  "pg_terminate_backend(int) RETURNS bool",
                                  "current_database() RETURNS name",
                                  "min(text) RETURNS text",
                                  "pg_is_in_recovery() RETURNS bool",
                                  "substr(text, int) RETURNS text",
                                  "substr(text, int, int) RETURNS text",
                                  "max(timestamptz) RETURNS timestamptz",
                                  "current_setting(text) RETURNS text",
                                  "host(inet) RETURNS text",
                                  "to_char(timestamp, text) RETURNS text",
                                  "pg_current_snapshot() RETURNS pg_snapshot",
                                  "pg_postmaster_start_time() RETURNS timestamptz"}) {
      outside("CREATE FUNCTION " + evil.name() + "." + signature +
              " LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$");
    }
  }
  void shadow_operators() {
    for (const std::string type : {"uuid", "int", "xid8"}) {
      outside("CREATE FUNCTION " + evil.name() + ".same(" + type + ", " + type +
              ") RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$");
      outside("CREATE OPERATOR " + evil.name() + ".= (FUNCTION = " + evil.name() +
              ".same, LEFTARG = " + type + ", RIGHTARG = " + type + ")");
    }
    for (const std::string types : {"int, RIGHTARG = interval", "bigint, RIGHTARG = interval"}) {
      const auto left = types.substr(0, types.find(','));
      outside("CREATE FUNCTION " + evil.name() + ".times(" + left +
              ", interval) RETURNS interval LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$");
      outside("CREATE OPERATOR " + evil.name() + ".* (FUNCTION = " + evil.name() +
              ".times, LEFTARG = " + types + ")");
    }
  }

  const support::Schema evil;
  const std::string url = support::database_url() + "?options=-csearch_path%3D" + evil.name() + ",pg_catalog";
  App app{"shop",
          {.redis_url = "memory://" + support::unique_name("shadowed"),
           .databases = {{"default", {.url = url, .schema = schema.name()}}}}};
  Task<long> task = app.task<long>("task");
  Database& shadowed = app.database();
};

TEST_F(Shadowed, NamesAreNotTakenForPostgresqls) {
  const detail::JobTable table{shadowed};
  const auto job = task.apply_async({.countdown = 10ms}, 1);
  task.apply_async({.eta = std::chrono::system_clock::now()}, 2);
  ASSERT_TRUE(table.find(job));
  Envelope next{.id = job, .task = "task", .args = json::array({1}), .queue = "default", .durable = true};
  next.attempt = 2;
  EXPECT_TRUE(table.record(next, 1, 10ms));
  EXPECT_EQ(table.counts().front().jobs, 2);
  table.for_each([](const detail::JobRow&) {});
  EXPECT_TRUE(table.bury(job, 2, "{}"));
  EXPECT_EQ(table.dead("", 10).size(), 1U);
  EXPECT_TRUE(table.find_dead(job));
  EXPECT_FALSE(detail::is_in_ledger(shadowed, job));
  EXPECT_EQ(detail::purge_ledger(shadowed, 1h), 0U);
  EXPECT_EQ(detail::end_backends(shadowed, "nobody"), 0U);
  EXPECT_FALSE(detail::holder_of(shadowed, job));
  const auto home = detail::read_home(shadowed);
  EXPECT_EQ(table.look_for(job).home.token, home.token);
  EXPECT_EQ(table.look_for(job).home.instance, home.instance);
  const std::vector<Queue> queues{"default"};
  detail::enter_app(shadowed, {.app = "shop", .tasks = {"task"}}, queues);
  EXPECT_EQ(detail::find_other_apps(shadowed, {.app = "other", .tasks = {"task"}}, queues).at(0).same_task,
            "task");
  const detail::JobFeed feed{shadowed};
  const auto page = feed.read("default", detail::FeedCursor::from_the_start(), 10);
  EXPECT_EQ(page.jobs.size(), 1U);
  EXPECT_EQ(feed.load({&job, 1}).source, page.source);
  shadowed.exec(sql("SELECT {schema}.enqueue('task', '[3]')"));
}

TEST_F(Shadowed, OperatorsAreNotTakenForPostgresqlsInTheTransactionOfAJob) {  // P7
  const Envelope durable{.id = task.delay(1), .durable = true};
  const Envelope other{.id = JobId::generate()};
  shadow_operators();
  task.apply_async({.countdown = 10ms}, 2);
  for (const auto& job : {durable, other}) {
    for (const bool first : {true, false}) {
      detail::AnyClaim claim{job, &shadowed};
      Atomic block{shadowed, claim->begin()};
      EXPECT_EQ(claim->is_ours(), first);
      if (first) block.commit();
    }
  }
}

}  // namespace
}  // namespace aftercommit
