/// Enqueueing by SQL: what the function takes, what it refuses in which words, and what it leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <variant>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "broker/envelope/envelope.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/job_schema.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;
using support::Deliberate;
using support::eventually;
using support::sqlstate;
using ::testing::HasSubstr;

class SqlEnqueue : public support::JobSchema {
 protected:
  /// Expects that no job can have this id any more, and that who asks is told so.
  void expect_used(const std::string& id) {
    try {
      enqueue("'t', id => '" + id + "'");
      ADD_FAILURE() << "nothing was thrown";
    } catch (const pqxx::unique_violation& error) {
      EXPECT_EQ(sqlstate(error), "23505");
      EXPECT_THAT(error.what(), HasSubstr("cannot enqueue task 't': the id " + id + " was used before"));
      EXPECT_THAT(error.what(), HasSubstr("HINT:  Leave the id out, or make a new one for each job."));
    }
  }
};

TEST_F(SqlEnqueue, WritesARowThatAWorkerDecodesFieldByField) {
  const auto before = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  const auto id = enqueue(
      "'send_receipt', '[42, \"a\"]', queue => 'mail', countdown => interval '10 seconds', max_retries => 5, "
      "expires => interval '1 hour', database => 'orders'");
  const auto after = std::chrono::system_clock::now();

  const auto found = job();
  EXPECT_EQ(found.id.str(), id);
  EXPECT_EQ(found.task, "send_receipt");
  EXPECT_EQ(found.args, json::parse(R"([42, "a"])"));
  EXPECT_EQ(found.queue, "mail");
  EXPECT_GE(found.enqueued_at, before);
  EXPECT_LE(found.enqueued_at, after);
  EXPECT_EQ(found.attempt, 1);
  EXPECT_EQ(found.max_retries, 5);
  EXPECT_EQ(found.backoff, std::nullopt);
  EXPECT_EQ(found.expires_at, found.enqueued_at + 1h);
  EXPECT_EQ(found.database, "orders");
  EXPECT_TRUE(found.durable);

  const auto row = outside("SELECT id, queue, attempt, due_at > now() FROM {schema}.job")[0];
  EXPECT_EQ(row[0].as<std::string>(), id);
  EXPECT_EQ(row[1].as<std::string>(), "mail");
  EXPECT_EQ(row[2].as<int>(), 1);
  EXPECT_TRUE(row[3].as<bool>());
}

TEST_F(SqlEnqueue, LeavesOutWhatIsNotSaid) {
  enqueue("'tick'");
  const auto found = job();
  EXPECT_EQ(found.args, json::array());
  EXPECT_EQ(found.queue, defaults::kQueue);
  EXPECT_EQ(found.max_retries, std::nullopt);
  EXPECT_EQ(found.expires_at, std::nullopt);
  EXPECT_EQ(found.database, "");
  EXPECT_TRUE(outside("SELECT due_at FROM {schema}.job")[0][0].is_null());
}

TEST_F(SqlEnqueue, TakesArgumentsOfEveryTypeThatHoldsJson) {
  for (const std::string args :
       {"'[1, \"a\"]'", "'[1, \"a\"]'::text", "'[1, \"a\"]'::varchar", "'[1, \"a\"]'::json",
        "'[1, \"a\"]'::jsonb", "json_build_array(1, 'a')", "jsonb_build_array(1, 'a')"}) {
    enqueue("'t', " + args);
    enqueue("task => 't', args => " + args + ", queue => 'default'");
  }
  const auto found = jobs();
  EXPECT_EQ(found.size(), 14U);
  for (const auto& envelope : found) EXPECT_EQ(envelope.args, json::parse(R"([1, "a"])"));
}

TEST_F(SqlEnqueue, KeepsEveryDigitOfANumber) {
  enqueue(
      "'t', '[-9223372036854775808, 18446744073709551615, 0.1, 2.50, 1e20, -0.0, 5e-324, "
      "1.7976931348623157e308]'");
  const auto args = job().args;
  EXPECT_EQ(args[0].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(args[1].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(args[2].get<double>(), 0.1);
  EXPECT_TRUE(args[3].is_number_float());
  EXPECT_EQ(args[4], json(1e20));
  EXPECT_TRUE(std::signbit(args[5].get<double>()));
  EXPECT_EQ(args[6].get<double>(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(args[7].get<double>(), std::numeric_limits<double>::max());
}

TEST_F(SqlEnqueue, KeepsTextAsItIsWritten) {
  enqueue(R"('t', E'[ "\u00e9\\u00e9 \\ud83d\\ude00 \\\\ud800 \\" \\n", {"\\\\u0000" : [ ] } ]\n')");
  EXPECT_EQ(job().args, json::parse(R"(["éé 😀 \\ud800 \" \n", {"\\u0000": []}])"));
}

TEST_F(SqlEnqueue, TakesArgumentsUpToTheirLimits) {
  enqueue("'t', repeat('[', 64) || '1' || repeat(']', 64)");
  enqueue("'t', '[' || repeat('1,', 9999) || '1]'");
  enqueue("'t', '[\"' || repeat('a', 1048400) || '\"]'");
  const auto found = jobs();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].args.size(), 10'000U);
}

TEST_F(SqlEnqueue, MakesIdsThatSortAsTheyWereMade) {
  outside("SELECT {schema}.enqueue('t', json_build_array(n)) FROM generate_series(1, 200) AS n");
  const auto found = jobs();
  ASSERT_EQ(found.size(), 200U);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].args[0], i + 1);
  const auto& bytes = found[0].id.bytes();
  EXPECT_EQ(bytes[6] >> 4, 7);  // version
  EXPECT_EQ(bytes[8] >> 6, 2);  // variant
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  EXPECT_EQ(milliseconds{ms}, found[0].enqueued_at.time_since_epoch());
}

TEST_F(SqlEnqueue, UsesAnIdThatIsGivenOnceOnly) {
  const auto id = JobId::generate().str();
  EXPECT_EQ(enqueue("'t', id => '" + id + "'"), id);
  EXPECT_EQ(job().id.str(), id);
  expect_used(id);
}

TEST_F(SqlEnqueue, RefusesAnIdThatWasUsedBeforeWhateverHasBecomeOfItsJob) {
  const auto done = JobId::generate().str();
  enqueue("'t', id => '" + done + "'");
  outside("DELETE FROM {schema}.job");  // as a worker does
  expect_used(done);

  const auto dead = JobId::generate().str();
  outside("INSERT INTO {schema}.dead (id, queue, letter) VALUES ('" + dead + "', 'default', '{}')");
  expect_used(dead);

  const auto of_a_program = JobId::generate().str();
  outside("INSERT INTO {schema}.job (id, queue, envelope) VALUES ('" + of_a_program + "', 'default', '{}')");
  expect_used(of_a_program);

  const auto done_on_commit = JobId::generate().str();
  outside("INSERT INTO {schema}.ledger (id) VALUES ('" + done_on_commit + "')");
  expect_used(done_on_commit);
  EXPECT_EQ(outside("SELECT FROM {schema}.job").size(), 1U);
}

TEST_F(SqlEnqueue, TakesTheIdOfAJobThatWasRolledBack) {
  const auto id = JobId::generate().str();
  try {
    database.atomic([&] {
      enqueue("'t', id => '" + id + "'");
      throw std::runtime_error{"deliberate"};
    });
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(enqueue("'t', id => '" + id + "'"), id);
}

TEST_F(SqlEnqueue, CountsACountdownFromTheCallAndNotFromItsTransaction) {
  const auto row = outside(
      "WITH before AS MATERIALIZED (SELECT pg_sleep(0.01), clock_timestamp() AS instant), "
      "call AS MATERIALIZED (SELECT instant, {schema}.enqueue('t', countdown => interval '1 hour') FROM "
      "before) "
      "SELECT instant FROM call");
  const auto due = outside("SELECT due_at - interval '1 hour' >= '" + row[0][0].as<std::string>() +
                           "', due_at - interval '1 hour' <= clock_timestamp() FROM {schema}.job");
  EXPECT_TRUE(due[0][0].as<bool>());
  EXPECT_TRUE(due[0][1].as<bool>());
}

TEST_F(SqlEnqueue, IsDueAtItsEta) {
  enqueue("'t', eta => '2040-02-03 04:05:06.789+00'");
  EXPECT_TRUE(outside("SELECT due_at = '2040-02-03 04:05:06.789+00' FROM {schema}.job")[0][0].as<bool>());
}

// ---- The transaction

TEST_F(SqlEnqueue, IsGoneWithItsTransactionOrSavepoint) {  // P1
  EXPECT_THROW(database.atomic([&] {
    enqueue("'t', '[1]'");
    throw Deliberate{};
  }),
               Deliberate);
  database.atomic([&] {
    enqueue("'t', '[2]'");
    EXPECT_THROW(database.atomic([&] {
      enqueue("'t', '[3]'");
      throw Deliberate{};
    }),
                 Deliberate);
    EXPECT_TRUE(jobs().empty()) << "not before the commit";
  });
  EXPECT_EQ(job().args, json::array({2}));
}

TEST_F(SqlEnqueue, WorksFromATrigger) {  // P1
  outside("CREATE TABLE {schema}.orders (id bigint PRIMARY KEY)");
  outside(
      "CREATE FUNCTION {schema}.order_placed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM {schema}.enqueue('send_receipt', jsonb_build_array(NEW.id)); RETURN NEW; END $$");
  outside(
      "CREATE TRIGGER placed AFTER INSERT ON {schema}.orders FOR EACH ROW EXECUTE FUNCTION "
      "{schema}.order_placed()");
  database.exec(sql("INSERT INTO {schema}.orders VALUES (1), (2)"));
  EXPECT_THROW(database.exec(sql("INSERT INTO {schema}.orders VALUES (3), (1)")), pqxx::unique_violation);
  const auto found = jobs();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].args, json::array({1}));
  EXPECT_EQ(found[1].args, json::array({2}));
}

TEST_F(SqlEnqueue, IsRefusedByPostgresInAReadOnlyTransaction) {
  try {
    database.atomic({.read_only = true}, [&] { enqueue("'t'"); });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(sqlstate(error), "25006");
  }
}

TEST_F(SqlEnqueue, MindsNoSearchPathOfTheCaller) {
  const support::Schema evil;
  outside("CREATE FUNCTION " + evil.name() +
          ".args_flaw(text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$");
  database.atomic([&](Transaction& tx) {
    tx.exec("CREATE TEMP TABLE job (id uuid, queue text, due_at timestamptz, envelope text) ON COMMIT DROP");
    tx.exec("SET LOCAL search_path = " + evil.name() + ", pg_temp, pg_catalog");
    enqueue("'t', '[1]'");
    EXPECT_EQ(tx.exec("SELECT FROM pg_temp.job").size(), 0U);
  });
  EXPECT_EQ(jobs().size(), 1U);
}

// ---- Encodings

/// Another database of the same server, for encodings.
class DatabaseOfEncoding {
 public:
  DatabaseOfEncoding(pqxx::connection& server, const std::string& encoding) : server_{server} {
    pqxx::nontransaction{server_}.exec("CREATE DATABASE " + name_ +
                                       " TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' " + "ENCODING '" +
                                       encoding + "'");
  }
  ~DatabaseOfEncoding() { pqxx::nontransaction{server_}.exec("DROP DATABASE " + name_ + " WITH (FORCE)"); }
  DatabaseOfEncoding(const DatabaseOfEncoding&) = delete;
  DatabaseOfEncoding& operator=(const DatabaseOfEncoding&) = delete;

  std::string url() const {
    auto url = support::database_url();
    return url.replace(url.rfind('/') + 1, std::string::npos, name_ + "?client_encoding=UTF8");
  }

 private:
  pqxx::connection& server_;  // not owned
  const std::string name_ = support::unique_name("encoding");
};

TEST(SqlEnqueueInADatabase, WithoutEncodingTakesAsciiAlone) {
  pqxx::connection server{support::database_url()};
  const DatabaseOfEncoding other{server, "SQL_ASCII"};
  Database database{{.url = other.url()}};
  detail::migrate(database);
  database.exec("SELECT aftercommit.enqueue('t', '[\"e\"]')");
  try {
    database.exec("SELECT aftercommit.enqueue('t', '[\"\u00e9\"]')");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const pqxx::sql_error& error) {
    EXPECT_EQ(sqlstate(error), "22023");
    EXPECT_THAT(error.what(), HasSubstr("args holds more than ASCII"));
  }
}

TEST(SqlEnqueueInADatabase, OfAnotherEncodingMakesUtf8) {
  pqxx::connection server{support::database_url()};
  const DatabaseOfEncoding other{server, "LATIN1"};
  Database database{{.url = other.url()}};
  detail::migrate(database);
  database.exec("SELECT aftercommit.enqueue('t', '[\"\u00e9\", \"\\u20ac\"]')");
  const auto text = database.exec("SELECT envelope FROM aftercommit.job")[0][0].as<std::string>();
  const auto decoded = decode(text, defaults::kPayloadLimit);
  ASSERT_TRUE(std::holds_alternative<Envelope>(decoded)) << text;
  EXPECT_EQ(std::get<Envelope>(decoded).args, json::array({"\u00e9", "\u20ac"}));
}

// ---- Telling the relay

class Listener : public pqxx::notification_receiver {
 public:
  Listener(pqxx::connection& connection, const std::string& channel, int& heard)
      : notification_receiver{connection, channel}, heard_{heard} {}
  void operator()(const std::string&, int) override { ++heard_; }

 private:
  int& heard_;  // not owned
};

class SqlEnqueueTellsTheRelay : public SqlEnqueue {
 protected:
  /// How often the schema's channel has been notified before this call.
  int heard() {
    const int marks = marks_;
    outside("NOTIFY " + mark_);  // what was sent before it arrives before it
    EXPECT_TRUE(eventually([&] {
      connection_.get_notifs();
      return marks_ > marks;
    }));
    return heard_;
  }

 private:
  int heard_ = 0;
  int marks_ = 0;
  const std::string mark_ = support::unique_name("mark");
  pqxx::connection connection_{schema.url("listener")};
  const Listener listener_{connection_, schema.name(), heard_};
  const Listener marker_{connection_, mark_, marks_};
};

TEST_F(SqlEnqueueTellsTheRelay, OncePerTransactionWhenItCommits) {
  database.atomic([&] {
    enqueue("'t'");
    enqueue("'t'");
    EXPECT_EQ(heard(), 0);
  });
  EXPECT_EQ(heard(), 1);
  EXPECT_THROW(database.atomic([&] {
    enqueue("'t'");
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(heard(), 1);
}

TEST_F(SqlEnqueueTellsTheRelay, NotWhereAnotherTransactionIsAboutTo) {
  pqxx::connection connection{schema.url("other")};
  pqxx::work other{connection};
  other.exec(sql("SELECT {schema}.enqueue('t')"));
  enqueue("'t'");
  EXPECT_EQ(heard(), 0);
  other.commit();
  EXPECT_EQ(heard(), 1);
}

TEST_F(SqlEnqueueTellsTheRelay, NotWhereTheSettingSaysSo) {
  for (const std::string off : {"off", "OFF", "false", "no", "0"}) {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL aftercommit.notify = '" + off + "'");
      enqueue("'t'");
    });
  }
  EXPECT_EQ(heard(), 0);
  database.atomic([&](Transaction& tx) {
    tx.exec("SET LOCAL aftercommit.notify = on");
    enqueue("'t'");
  });
  EXPECT_EQ(heard(), 1);
  EXPECT_EQ(jobs().size(), 6U);
}

}  // namespace
}  // namespace aftercommit
