/// Text arrives as it was sent, whatever the encoding of the database and whatever a client would speak by
/// default.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <ostream>
#include <pqxx/pqxx>
#include <string>

#include "client/job_table/migrations.hpp"
#include "support/fixtures/payments.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::caught;
using support::eventually;
using support::sqlstate;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Where text is kept, and what would make a session speak something else.
struct Place {
  std::string name;
  std::string encoding;
  std::string spoken{};  ///< by the environment, the role and the database
};

void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

/// DATABASE_URL leads to a database of this encoding, on a server of its own.
class OnEncoding : protected support::OnPrivatePostgres, public ::testing::WithParamInterface<Place> {
 protected:
  OnEncoding() {
    pqxx::connection connection{server.url()};
    pqxx::nontransaction session{connection};
    session.exec("CREATE DATABASE shop TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING '" +
                 GetParam().encoding + "'");
    if (!GetParam().spoken.empty()) {
      session.exec("ALTER ROLE postgres SET client_encoding = '" + GetParam().spoken + "'");
      session.exec("ALTER DATABASE shop SET client_encoding = '" + GetParam().spoken + "'");
      ::setenv("PGCLIENTENCODING", GetParam().spoken.c_str(), 1);
    }
    auto url = server.url();
    if (!GetParam().spoken.empty()) url += "&client_encoding=" + GetParam().spoken;
    ::setenv("DATABASE_URL", url.replace(url.find("/postgres?"), 10, "/shop?").c_str(), 1);
  }
  ~OnEncoding() override { ::unsetenv("PGCLIENTENCODING"); }
  OnEncoding(const OnEncoding&) = delete;
  OnEncoding& operator=(const OnEncoding&) = delete;
};

class Text : public OnEncoding, public support::WorkerTest {
 protected:
  /// A job that nobody has sent to the broker.
  JobId leave_to_the_relay(const std::string& text) {
    App other{"tests",
              {.redis_url = "memory://elsewhere",
               .databases = {{"default", {.url = database_url, .schema = schema.name()}}}}};
    const support::TestTasks its_tasks{other};
    return its_tasks.fail.apply_async({.max_retries = 0}, 1, text);
  }
  /// Enqueues by SQL, in a session that speaks `encoding`.
  void enqueue_by_sql(const std::string& encoding, const std::string& args) {
    pqxx::connection connection{database_url + "&client_encoding=" + encoding};
    pqxx::nontransaction{connection}.exec("SELECT " + schema.name() + ".enqueue('fail', '" + args +
                                          "', max_retries => 0)");
  }
  void expect_dead_with(const std::string& text) {
    const auto letter = eventually_dead(1).front();
    ASSERT_TRUE(letter.job);
    EXPECT_EQ(letter.job->args, json::array({1, text}));
    EXPECT_EQ(letter.reason, text) << "what the task threw";
    table.forget_dead(letter.job->id);
  }
  bool is(const std::string& encoding) const { return GetParam().encoding == encoding; }

  /// In no encoding but UTF-8 all of it.
  const std::string everything = "\u00e9 \u20ac \u65e5\u672c \U0001f600 \\ \" ' \t";
};

TEST_P(Text, ArrivesAsItWasSent) {  // P6
  const auto job = tasks.fail.apply_async({.max_retries = 0}, 1, everything);
  const auto row = table.find(job);
  ASSERT_TRUE(row);
  const std::vector<Queue> queues{"default"};
  std::vector<Fetched> pushed;
  ASSERT_TRUE(eventually([&] {
    pushed = broker->fetch("onlooker", queues, 1, std::chrono::milliseconds{0});
    return !pushed.empty();
  }));
  EXPECT_EQ(pushed.front().payload, row->envelope) << "the same bytes, pushed and relayed";
  const Settlement back{.kind = Settlement::Kind::kRelease,
                        .queue = "default",
                        .entry = pushed.front().entry,
                        .payload = pushed.front().payload,
                        .durable = job};
  broker->settle("onlooker", {&back, 1});

  start_worker();
  expect_dead_with(everything);
  leave_to_the_relay(everything);
  expect_dead_with(everything);
}

TEST_P(Text, SurvivesARetryAndTheReturnFromTheDead) {
  start_worker();
  tasks.fail.apply_async({.max_retries = 1}, 1, everything);
  const auto letter = eventually_dead(1).front();
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->attempt, 2);
  EXPECT_EQ(letter.job->args, json::array({1, everything}));
  ASSERT_TRUE(table.revive(letter.job->id));
  expect_dead_with(everything);
}

TEST_P(Text, OfSqlArrivesAsItWasSent) {  // P6
  start_worker();
  enqueue_by_sql("UTF8", R"([1, "\u20ac \ud83d\ude00"])");
  expect_dead_with("\u20ac \U0001f600");
  if (is("SQL_ASCII")) {
    const auto error = caught<pqxx::sql_error>([&] { enqueue_by_sql("LATIN1", "[1, \"\xe9\"]"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(sqlstate(*error), "22023");
    return;
  }
  enqueue_by_sql("UTF8", "[1, \"\u00e9\"]");
  expect_dead_with("\u00e9");
  enqueue_by_sql("LATIN1", "[1, \"\xe9\"]");
  expect_dead_with("\u00e9");
}

TEST_P(Text, ThatTheDatabaseCannotHoldIsAnErrorThatNamesIt) {
  if (!is("LATIN1")) GTEST_SKIP() << "it can hold all, or does not know what it holds";
  const auto sql = caught<pqxx::sql_error>([&] { enqueue_by_sql("UTF8", "[1, \"\u20ac\"]"); });
  ASSERT_TRUE(sql);
  EXPECT_THAT(sql->what(), AllOf(HasSubstr("0xe2 0x82 0xac"), HasSubstr("LATIN1")));
  const auto member = caught<pqxx::sql_error>([&] { enqueue_by_sql("UTF8", R"([1, {"\u20ac": 1}])"); });
  ASSERT_TRUE(member);
  EXPECT_EQ(sqlstate(*member), "22023");
  EXPECT_THAT(member->what(),
              HasSubstr("args holds a character that the encoding LATIN1 of this database lacks"));
  const auto own = caught<pqxx::sql_error>([&] { app.database().exec("SELECT $1::text", "\u20ac"); });
  ASSERT_TRUE(own);
  EXPECT_THAT(own->what(), AllOf(HasSubstr("0xe2 0x82 0xac"), HasSubstr("LATIN1")));
}

TEST_P(Text, IsCountedAsItIsKept) {
  const auto limit = app.options().payload_limit;
  const std::string half(limit / 4, 'x');
  std::string text = half;
  for (std::size_t i = 0; i < limit / 6; ++i) text += "\u00e9";
  if (is("UTF8")) {
    EXPECT_NO_THROW(tasks.fail.delay(1, text));
  } else {
    EXPECT_THAT(support::message_of<PayloadError>([&] { tasks.fail.delay(1, text); }),
                HasSubstr("over the payload limit"));
  }
}

INSTANTIATE_TEST_SUITE_P(In, Text,
                         ::testing::Values(Place{"Utf8", "UTF8"},
                                           Place{"Utf8SpokenToAsLatin1", "UTF8", "LATIN1"},
                                           Place{"Latin1", "LATIN1"},
                                           Place{"Latin1SpokenToAsAscii", "LATIN1", "SQL_ASCII"},
                                           Place{"NoEncoding", "SQL_ASCII"}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace aftercommit
