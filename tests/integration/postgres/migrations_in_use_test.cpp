/// The tables change while programs use them: nobody waits for long, and whatever becomes of the migration,
/// the tables have one version or the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client/job_table/migrations.hpp"
#include "client/statements/sql_scanner.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/migrations.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using detail::check_schema;
using detail::in_schema;
using detail::kSchemaVersion;
using detail::migrate;
using detail::migration_script;
using detail::MigrationHeldUp;
using detail::schema_version;
using detail::SchemaSteps;
using support::eventually;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class MigrationsInUse : public support::MigrationsTest {
 protected:
  /// The steps of this program and one more, which needs the jobs for itself for a moment, as a new column
  /// does.
  SchemaSteps one_more() {
    const auto own = detail::schema_steps();
    versions_.assign(own.versions.begin(), own.versions.end());
    versions_.push_back(another_);
    return {.versions = versions_, .functions = own.functions};
  }

  /// Sessions of this test's migrations that wait for a lock of this kind.
  pqxx::result waiting_for(const std::string& kind) {
    return outside("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = '" +
                   kind + "' AND application_name = '" + application_ + "'");
  }
  std::string in_own(const std::string& sql) const { return in_schema(sql, schema_); }

 private:
  const std::string another_ =
      "ALTER TABLE {schema}.job ADD COLUMN of_a_test int;\n"
      "INSERT INTO {schema}.migration (version) VALUES (" +
      std::to_string(kSchemaVersion + 1) + ");\n";
  std::vector<std::string_view> versions_;
};

// ---- Others

TEST_F(MigrationsInUse, BesideALongTransactionKeepNobodyWaitingForASecond) {
  make_version(kSchemaVersion);
  pqxx::connection connection{corner_.url("holder")};
  std::optional<pqxx::work> holder{std::in_place, connection};
  holder->exec(in_own("SELECT FROM {schema}.job FOR UPDATE"));
  outside("SET lock_timeout = '1s'");
  std::jthread migration{
      [own = database(schema_), steps = one_more()] { EXPECT_NO_THROW(migrate(*own, steps, 60s)); }};
  const auto waits = in_own(
      "SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = "
      "(SELECT pg_class.oid FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid "
      " WHERE relname = 'job' AND nspname = {schema_name})");
  for (int i = 0; i < 3; ++i) {  // again and again
    EXPECT_TRUE(eventually([&] { return outside(waits).size() == 1; }));
    EXPECT_NO_THROW(enqueue()) << "it waits behind the migration";
  }
  holder.reset();
  migration.join();
  EXPECT_EQ(schema_version(*database(schema_)), kSchemaVersion + 1);
  EXPECT_EQ(rows_of_jobs(), 4U);
  outside("RESET lock_timeout");
}

TEST_F(MigrationsInUse, HeldUpForTooLongSayByWhomAndChangeNothing) {
  make_version(kSchemaVersion);
  const auto before = content(schema_);
  {
    pqxx::connection connection{corner_.url("holder")};
    pqxx::work holder{connection};
    holder.exec(in_own("SELECT FROM {schema}.job FOR UPDATE"));
    const auto jobs = database(schema_);
    const auto steps = one_more();
    EXPECT_THAT(
        message_of<MigrationHeldUp>([&] { migrate(*jobs, steps, 1s); }),
        AllOf(HasSubstr("nothing was changed"),
              HasSubstr("process " + std::to_string(connection.backendpid()) + " of the server ('holder')"),
              HasSubstr("run `aftercommit migrate --schema " + schema_)));
  }
  EXPECT_EQ(content(schema_), before);
  migrate(*database(schema_), one_more(), 20s);
  EXPECT_EQ(schema_version(*database(schema_)), kSchemaVersion + 1);
}

/// As a program that is frozen there leaves it.
TEST_F(MigrationsInUse, OfAProgramThatFreezesBeforeItsCommitLetGoOfTheirLocks) {
  make_version(1);
  auto script = migration_script(schema_, 1);
  script.resize(script.rfind("COMMIT;"));
  pqxx::connection frozen{corner_.url("frozen")};
  pqxx::nontransaction{frozen}.exec(script);
  const auto session = "SELECT FROM pg_stat_activity WHERE pid = " + std::to_string(frozen.backendpid());
  EXPECT_TRUE(eventually([&] { return outside(session).empty(); }));
  EXPECT_EQ(schema_version(*database(schema_)), 1);
}

TEST_F(MigrationsInUse, FromTheFirstVersionLockAndRewriteNothingThatIsInUse) {
  make_version(1);
  const auto files = [&] {
    std::vector<std::string> all;
    for (const auto& row : outside(
             in_own("SELECT relname || ' ' || pg_relation_filenode(pg_class.oid) FROM pg_class "
                    "JOIN pg_namespace ON relnamespace = pg_namespace.oid "
                    "WHERE nspname = {schema_name} AND relname IN ('job', 'dead', 'ledger') ORDER BY 1"))) {
      all.push_back(row[0].as<std::string>());
    }
    return all;
  };
  const auto before = files();
  EXPECT_EQ(before.size(), 3U);
  auto script = migration_script(schema_, 1);
  script.resize(script.rfind("COMMIT;"));
  script += in_own(
      "SELECT relname, mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
      "JOIN pg_namespace ON relnamespace = pg_namespace.oid "
      "WHERE pid = pg_backend_pid() AND nspname = {schema_name} AND relname IN ('job', 'dead', 'ledger') "
      "AND mode <> 'AccessShareLock'");
  pqxx::connection connection{corner_.url("migration")};
  for (const auto& row : pqxx::nontransaction{connection}.exec(script)) {
    ADD_FAILURE() << "a lock on " << row[0].as<std::string>() << ": " << row[1].as<std::string>();
  }
  connection.disconnect();
  migrate(*database(schema_));
  EXPECT_EQ(files(), before);
}

// ---- What becomes of it

/// Where each statement of a text ends.
std::vector<std::size_t> ends_of_statements(std::string_view sql) {
  std::vector<std::size_t> ends;
  for (auto at = sql.find(';'); at != sql.npos; at = sql.find(';', at + 1)) {
    detail::SqlScanner scanner{sql.substr(0, at + 1)};
    std::size_t before = 0;
    for (auto token = scanner.next(); token.kind != detail::SqlToken::Kind::kEnd; token = scanner.next()) {
      before += token.is_sign(";") ? 1 : 0;
    }
    if (before > ends.size()) ends.push_back(at + 1);  // else it is part of a text
  }
  return ends;
}

class MigrationKilled : public MigrationsInUse, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(AtVersion, MigrationKilled, ::testing::Range(0, kSchemaVersion + 1));

TEST_P(MigrationKilled, AfterAnyStatementLeavesWhatWasAndSucceedsWhenItIsRunAgain) {
  const int version = GetParam();
  make_version(version);
  const auto before = content(schema_);
  const auto steps = one_more();
  const auto text = steps.after(version);
  const auto ends = ends_of_statements(text);
  EXPECT_GT(ends.size(), 4U);
  for (const auto end : ends) {
    const auto killed =
        text.substr(0, end) + "\nSELECT pg_terminate_backend(pg_backend_pid());" + text.substr(end);
    std::vector<std::string_view> versions(steps.versions.size());  // nothing to do in the others
    versions.at(static_cast<std::size_t>(version)) = killed;
    const auto jobs = database(schema_);
    EXPECT_ANY_THROW(migrate(*jobs, {.versions = versions, .functions = {}}, 20s));
    EXPECT_EQ(content(schema_), before) << "after " << text.substr(0, end);
    EXPECT_EQ(schema_version(*database(schema_)), version);
  }
  migrate(*database(schema_), steps, 20s);
  EXPECT_EQ(schema_version(*database(schema_)), kSchemaVersion + 1);
  EXPECT_NO_THROW(check_schema(*database(schema_)));
  EXPECT_EQ(rows_of_jobs(), version == 0 ? 0U : 1U);
}

TEST_F(MigrationsInUse, KilledInTheMiddleAreDoneByTheOneThatWaits) {
  const auto first_database = database(schema_);
  const auto second_database = database(schema_);
  outside("CREATE SCHEMA " + schema_);
  pqxx::connection connection{corner_.url("other")};
  pqxx::work other{connection};
  other.exec(in_own("CREATE TABLE {schema}.ledger ()"));  // who makes one of that name has to wait
  std::jthread first{[&] { EXPECT_ANY_THROW(migrate(*first_database)); }};
  EXPECT_TRUE(eventually([&] { return waiting_for("transactionid").size() == 1; }));
  std::jthread second{[&] { EXPECT_NO_THROW(migrate(*second_database)); }};
  EXPECT_TRUE(eventually([&] { return waiting_for("advisory").size() == 1; }));
  for (const auto& row : waiting_for("transactionid")) {
    outside("SELECT pg_terminate_backend(" + row[0].as<std::string>() + ")");
  }
  first.join();
  EXPECT_TRUE(eventually([&] { return waiting_for("transactionid").size() == 1; }));
  other.abort();
  second.join();
  EXPECT_NO_THROW(check_schema(*database(schema_)));
}

TEST_F(MigrationsInUse, FromTheFirstVersionRunAtTheSameTimeWithoutHarm) {
  make_version(1);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([own = database(schema_)] { EXPECT_NO_THROW(migrate(*own)); });
    }
  }
  EXPECT_NO_THROW(check_schema(*database(schema_)));
  EXPECT_EQ(outside(in_own("SELECT FROM {schema}.migration")).size(),
            static_cast<std::size_t>(kSchemaVersion));
  EXPECT_EQ(outside(in_own("SELECT FROM {schema}.home")).size(), 1U);
  EXPECT_EQ(rows_of_jobs(), 1U);
}

}  // namespace
}  // namespace aftercommit
