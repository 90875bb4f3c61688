/// Who takes a connection out of the pool finds its session as it was when it began, whatever the one before
/// did there; and a session that nobody has changed is given back as it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SessionState : public support::Payments, public ::testing::Test {
 protected:
  /// Of the one connection that this thread uses.
  std::string ask(const std::string& sql) {
    return database.exec("SELECT (" + sql + ")::text")[0][0].as<std::string>("null");
  }
  std::string pid() { return ask("pg_backend_pid()"); }
  std::string plans() {
    return ask("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'aftercommit%'");
  }
};

/// A statement, and what shows that it is undone.
struct Change {
  std::string name;
  std::string statement;
  std::string look;
  std::string clean;
  bool at_once = true;  // else from the commit on, where it cannot be seen any more
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

class SessionStateChangedBy : public SessionState, public ::testing::WithParamInterface<Change> {};

TEST_P(SessionStateChangedBy, IsAsItWasForTheNextOne) {
  const auto before = pid();
  ASSERT_EQ(ask(GetParam().look), GetParam().clean);
  database.atomic([&](Transaction& tx) {
    tx.exec(GetParam().statement);
    if (!GetParam().at_once) return;
    EXPECT_NE(ask(GetParam().look), GetParam().clean) << "it changes something";
  });
  EXPECT_EQ(ask(GetParam().look), GetParam().clean);

  database.exec(GetParam().statement);
  EXPECT_EQ(ask(GetParam().look), GetParam().clean) << "outside a block";

  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    tx.exec(GetParam().statement);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(ask(GetParam().look), GetParam().clean) << "rolled back";
  EXPECT_EQ(pid(), before) << "made clean, not made anew";
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

constexpr const char* kAdvisoryLocks =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";

constexpr const char* kTenant = "coalesce(nullif(current_setting('shop.tenant', true), ''), 'none')";

INSTANTIATE_TEST_SUITE_P(
    In, SessionStateChangedBy,
    ::testing::Values(
        Change{"Setting", "SET statement_timeout = '7min'", "current_setting('statement_timeout')", "0"},
        Change{"OwnSetting", "SELECT set_config('shop.tenant', '7', false)", kTenant, "none"},
        Change{"QuotedSetting", "SET \"statement_timeout\" = '7min'", "current_setting('statement_timeout')",
               "0"},
        Change{"SettingsView", "UPDATE pg_settings SET setting = '7000' WHERE name = 'statement_timeout'",
               "current_setting('statement_timeout')", "0"},
        Change{"QuotedFunction", "SELECT \"set_config\"('shop.tenant', '7', false)", kTenant, "none"},
        Change{"EscapedFunction", "SELECT U&\"set\\005fconfig\"('shop.tenant', '7', false)", kTenant, "none"},
        Change{"SettingThatIsLocalIfNot", "SELECT set_config('shop.tenant', '7', not true)", kTenant, "none"},
        Change{"SettingOfABlock",
               "DO $$ BEGIN PERFORM set_config('statement_timeout', '7min', false); END $$",
               "current_setting('statement_timeout')", "0"},
        Change{"TemporaryTable", "CREATE TEMP TABLE left_over (id int)",
               "SELECT count(*) FROM pg_class WHERE relname = 'left_over'", "0"},
        Change{"SessionLock", "SELECT pg_advisory_lock(7007)", kAdvisoryLocks, "0"},
        Change{"QuotedSessionLock", "SELECT \"pg_advisory_lock\"(7007)", kAdvisoryLocks, "0"},
        Change{"Listen", "LISTEN news", "SELECT count(*) FROM pg_listening_channels()", "0", false},
        Change{"Prepare", "PREPARE left_over AS SELECT 1",
               "SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_over'", "0"},
        Change{"CursorWithHold", "DECLARE left_over CURSOR WITH HOLD FOR SELECT 1",
               "SELECT count(*) FROM pg_cursors WHERE name = 'left_over'", "0"},
        Change{"Role", "SET ROLE pg_read_all_data", "current_user = session_user", "true"},
        Change{"SessionAuthorization", "SET SESSION AUTHORIZATION pg_read_all_data",
               "current_user = 'pg_read_all_data'", "false"}),
    [](const auto& one) { return one.param.name; });

TEST_F(SessionState, ThatNobodyHasChangedKeepsItsPlans) {
  database.atomic([&] { pay(1); });
  ASSERT_EQ(plans(), "1");
  database.atomic([&](Transaction& tx) {
    tx.exec("SET LOCAL statement_timeout = '7min'");
    tx.exec("SELECT set_config('shop.tenant', $1, true)", 7);
    tx.exec("CREATE TEMP TABLE short (id int) ON COMMIT DROP");
    tx.exec("SELECT pg_advisory_xact_lock(7007)");
  });
  EXPECT_EQ(plans(), "1") << "no cleaning went over it";
  database.exec("SET statement_timeout = '7min'");
  EXPECT_EQ(plans(), "0");
  database.atomic([&] { pay(2); });
  expect_paid({1, 2});
}

TEST_F(SessionState, IsKeptWhileABlockLasts) {
  database.atomic([&](Transaction& tx) {
    tx.exec("CREATE TEMP TABLE basket (id int)");
    database.atomic([&] { tx.exec("SET LOCAL statement_timeout = '7min'"); });
    tx.exec("INSERT INTO basket VALUES (1)");
  });
  database.commit_manually([&] {
    database.exec("CREATE TEMP TABLE basket (id int)");
    database.exec("INSERT INTO basket VALUES (1)");
    database.commit();
  });
  EXPECT_EQ(ask("SELECT count(*) FROM pg_class WHERE relname = 'basket'"), "0");
}

// --- The encoding, which is ours to choose

TEST_F(SessionState, DoesNotTakeAnotherEncoding) {
  for (const auto* sql : {"SET client_encoding = 'LATIN1'", "SET NAMES 'LATIN1'",
                          "SELECT set_config('client_encoding', 'LATIN1', false)",
                          "DO $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', false); END $$"}) {
    EXPECT_THAT(message_of<UsageError>([&] { database.exec(sql); }),
                AllOf(HasSubstr("speak UTF-8"), HasSubstr("LATIN1")))
        << sql;
    EXPECT_EQ(ask("current_setting('client_encoding')"), "UTF8") << sql;
    EXPECT_THROW(database.atomic([&] {
      pay(1);
      database.exec(sql);
    }),
                 UsageError)
        << sql;
  }
  expect_paid({});
}

// --- What the server says

TEST_F(SessionState, EndedByAnAdministratorIsToldInTheServersWords) {
  EXPECT_THAT(
      message_of<pqxx::broken_connection>([&] {
        database.atomic([&](Transaction& tx) {
          tx.exec("SELECT 1");
          kill_connections();
          tx.exec("SELECT 2");
        });
      }),
      AllOf(HasSubstr("the connection was lost"),
            HasSubstr("terminating connection due to administrator command"), Not(HasSubstr("encoding"))));
}

TEST_F(SessionState, EndedByATimeoutIsToldInTheServersWordsByEachWayToTheServer) {
  const auto fall_asleep = [&](Transaction& tx) {
    tx.exec("SET LOCAL idle_in_transaction_session_timeout = 50");
    const auto still_there =
        "SELECT FROM pg_stat_activity WHERE application_name = '" + schema().name() + "'";
    ASSERT_TRUE(support::eventually([&] { return outside(still_there).empty(); }));
  };
  const auto said = AllOf(HasSubstr("idle-in-transaction timeout"), Not(HasSubstr("encoding")));
  EXPECT_THAT(message_of<pqxx::broken_connection>([&] {
                database.atomic([&](Transaction& tx) {
                  fall_asleep(tx);
                  tx.exec("SELECT 2");
                });
              }),
              said)
      << "a statement";
  EXPECT_THAT(message_of<pqxx::broken_connection>([&] {
                database.atomic([&](Transaction& tx) {
                  fall_asleep(tx);
                  tx.exec("INSERT INTO payment VALUES ($1)", 1);
                });
              }),
              said)
      << "one with parameters";
  EXPECT_THAT(message_of<TransactionManagementError>([&] {
                database.atomic([&](Transaction& tx) {
                  fall_asleep(tx);
                  EXPECT_ANY_THROW(tx.exec("SELECT 2"));
                });
              }),
              said)
      << "a swallowed one";
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.atomic(fall_asleep); }), said) << "the commit";
}

}  // namespace
}  // namespace aftercommit
