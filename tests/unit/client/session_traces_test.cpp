/// What a statement may leave behind in its session, by its words.
#include <gtest/gtest.h>

#include <string>

#include "client/statements/transaction_control.hpp"

namespace aftercommit::detail {
namespace {

bool leaves_traces(const std::string& sql) {
  bool found = false;
  EXPECT_EQ(transaction_control_in(sql, &found), "") << sql;
  return found;
}

TEST(SessionTraces, AreLeftBySettingsThatOutliveTheTransaction) {
  for (const auto* sql :
       {"SET search_path = x", "set session statement_timeout = 1",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET ROLE other",
        "SET SESSION AUTHORIZATION other", "SET TIME ZONE 'UTC'", "RESET ALL", "RESET search_path",
        "SELECT set_config('a.b', 'c', false)", "SELECT set_config('a.b', $1, $2)", "DISCARD ALL",
        "SELECT pg_catalog.set_config('a.b', 'c', false), set_config('a.d', 'e', true)",
        "SELECT 1; SET a.b = c", "/* it */ SET /* is */ a.b = c"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreNotLeftByLocalSettings) {
  for (const auto* sql :
       {"SET LOCAL search_path = x", "set local a.b = c", "SET TRANSACTION READ ONLY",
        "SET CONSTRAINTS ALL DEFERRED", "SELECT set_config('a.b', $1, true)",
        "SELECT set_config('a.b', 'c', TRUE), set_config('a.d', 'e', true)", "SHOW search_path",
        "UPDATE orders SET paid = true", "SET LOCAL a.b = c; SET LOCAL a.d = e"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreLeftByTheViewOfSettings) {
  for (const auto* sql :
       {"UPDATE pg_settings SET setting = '1' WHERE name = 'statement_timeout'",
        "update only pg_catalog . PG_SETTINGS set setting = $1", "UPDATE \"pg_settings\" SET setting = '1'",
        "UPDATE pg_catalog.\"pg_settings\" AS s SET setting = '1'",
        "MERGE INTO pg_settings USING x ON true WHEN MATCHED THEN UPDATE SET setting = '1'"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
  for (const auto* sql :
       {"SELECT setting FROM pg_settings", "UPDATE orders SET paid = true; SELECT name FROM pg_settings",
        "UPDATE my_pg_settings SET setting = '1'", "SELECT 'UPDATE' FROM pg_settings"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreLeftByWhatIsQuotedTheSameAsByWhatIsNot) {
  for (const auto* sql :
       {"SELECT \"set_config\"('a.b', 'c', false)", "SELECT pg_catalog.\"set_config\" ('a.b', 'c', false)",
        "SELECT U&\"set\\005fconfig\"('a.b', 'c', false)",
        "SELECT u&\"set!005fconfig\" UESCAPE '!' ('a.b', 'c', false)", "SET \"search_path\" = 'x'",
        "SET \"local\" = 'x'", "SET U&\"search\\005fpath\" = 'x'", "SELECT \"pg_advisory_lock\"(3)",
        "SELECT \"pg_catalog\".\"pg_try_advisory_lock_shared\"(3)", "CREATE TABLE \"pg_temp\".t (id int)",
        "CREATE TABLE pg_temp_3.t (id int)"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
  for (const auto* sql : {"SELECT \"set_config\"('a.b', 'c', true)", "SELECT \"pg_advisory_xact_lock\"(3)",
                          "SET LOCAL \"search_path\" = 'x'", "SELECT \"temp\", \"a\"\"b\" FROM \"do\"",
                          "UPDATE orders SET \"set\" = 1, \"listen\" = 2"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreLeftBySetConfigUnlessItsThirdArgumentIsTheWordTrue) {
  for (const auto* sql :
       {"SELECT set_config('a.b', 'c', not true)", "SELECT set_config('a.b', 'c', true AND false)",
        "SELECT set_config('a.b', 'c', true = false)", "SELECT set_config('a.b', 'c', 'true')",
        "SELECT set_config('a.b', 'c', (SELECT true))", "SELECT set_config('a.b', true::text, false)",
        "SELECT set_config('a.b', (true)::text, false), true",
        "SELECT set_config('a.b', 'c', is_local => true)",
        "SELECT set_config('a.b', set_config('a.c', 'd', false), true)", "SELECT set_config(VARIADIC x)",
        "SELECT set_config('a.b', 'c', true", "SELECT set_config"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
  for (const auto* sql :
       {"SELECT set_config('a.b', concat('c', (true)), true)", "SELECT set_config($1, $2, /* it */ True )",
        "SELECT set_config('a.b', $$ not, $$, true), not true",
        "SELECT max(set_config('a.' || name, 'c', true)) FROM names WHERE NOT gone"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreLeftByTemporaryTables) {
  for (const auto* sql : {"CREATE TEMP TABLE t (id int)", "create temporary table t (id int)",
                          "CREATE LOCAL TEMP TABLE t (id int)", "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
                          "SELECT 1 AS id INTO TEMP t", "CREATE TABLE pg_temp.t (id int)",
                          "CREATE TEMP TABLE t (id int) ON COMMIT DELETE ROWS", "CREATE TEMP SEQUENCE s"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
  for (const auto* sql : {"CREATE TEMP TABLE t (id int) ON COMMIT DROP", "CREATE TABLE weather (temp int)",
                          "SELECT temp FROM weather", "INSERT INTO temp VALUES (1)"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

TEST(SessionTraces, AreLeftByWhatBelongsToASession) {
  for (const auto* sql :
       {"LISTEN news", "UNLISTEN *", "PREPARE p AS SELECT 1", "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT pg_advisory_lock(1)", "SELECT pg_catalog.pg_try_advisory_lock_shared(1)",
        "LOAD 'auto_explain'", "DO $$ BEGIN SET search_path = x; END $$", "CALL change_all()"}) {
    EXPECT_TRUE(leaves_traces(sql)) << sql;
  }
  for (const auto* sql :
       {"NOTIFY news", "DECLARE c CURSOR FOR SELECT 1", "SELECT pg_advisory_xact_lock(1)", "EXECUTE p",
        "DEALLOCATE ALL", "DISCARD PLANS", "SELECT 'SET a.b = c'", "SELECT $$; SET a.b = c$$",
        "SELECT \"set\" FROM t", "WITH x AS (SELECT 1) SELECT * FROM x",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a.b = 'c' AS 'SELECT 1'"}) {
    EXPECT_FALSE(leaves_traces(sql)) << sql;
  }
}

}  // namespace
}  // namespace aftercommit::detail
