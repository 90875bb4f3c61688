/// How it is known that the server has ended a session, and that its words for it are the ones that are told,
/// whichever way they came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "client/job_table/job_listener.hpp"
#include "client/postgres/connection.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/postgres_proxy.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::message_of;
using ::testing::HasSubstr;

constexpr const char* kByAnAdministrator = "terminating connection due to administrator command";
constexpr const char* kByATimeout = "terminating connection due to idle-in-transaction timeout";

/// Sends it, and does not mind if the session ends behind the answer.
void send(detail::Connection& connection, const std::string& sql) {
  try {
    connection.exec(sql);
  } catch (const pqxx::broken_connection&) {  // then that is what the test finds
  }
}

class SessionEnd : protected support::OnPrivatePostgres, public ::testing::Test {
 protected:
  bool is_gone(int backend) {
    const auto session = "SELECT FROM pg_stat_activity WHERE pid = " + std::to_string(backend);
    return eventually([&] { return outside.exec(session).empty(); });
  }

  Database outside{{.url = server.url()}, "outside"};
  support::PostgresProxy proxy{server};
  detail::Connection connection{{.url = proxy.url()}, "default"};
};

TEST_F(SessionEnd, ThatComesUnaskedIsToldWithItsCode) {
  send(connection, "SET idle_in_transaction_session_timeout = 50; BEGIN");
  ASSERT_TRUE(is_gone(connection.backend()));
  EXPECT_TRUE(eventually([&] { return connection.has_ended(); }));
  EXPECT_EQ(connection.last_words().sqlstate, "25P03");
  EXPECT_TRUE(connection.last_words().of_this_session());
  EXPECT_EQ(connection.why_lost(), kByATimeout);
  EXPECT_FALSE(connection.looks_alive());
}

TEST_F(SessionEnd, ThatComesInPlaceOfAnAnswerIsToldWithItsCode) {
  EXPECT_THAT(message_of<pqxx::broken_connection>(
                  [&] { connection.exec("SELECT pg_terminate_backend(pg_backend_pid())"); }),
              HasSubstr(kByAnAdministrator));
  EXPECT_EQ(connection.last_words().sqlstate, "57P01");
  EXPECT_TRUE(connection.last_words().of_an_administrator());
  EXPECT_FALSE(connection.last_words().of_this_session());
}

TEST_F(SessionEnd, BeforeAStatementThatNobodyLooksAheadOfIsToldWithItsCode) {
  send(connection, "SET idle_in_transaction_session_timeout = 50; BEGIN");
  ASSERT_TRUE(is_gone(connection.backend()));
  EXPECT_THAT(message_of<pqxx::broken_connection>([&] { connection.exec("SELECT 1"); }),
              HasSubstr(kByATimeout));
  EXPECT_EQ(connection.last_words().sqlstate, "25P03");
}

TEST_F(SessionEnd, ThatIsReadTogetherWithAnAnswerIsKnownAndToldInTheServersWords) {
  const int backend = connection.backend();
  proxy.hold_answers(true);
  std::jthread asker{[&] { send(connection, "SET idle_in_transaction_session_timeout = 1; BEGIN"); }};
  ASSERT_TRUE(is_gone(backend));
  proxy.hold_answers(false);
  asker.join();
  EXPECT_TRUE(connection.has_ended());
  EXPECT_EQ(connection.last_words().sqlstate, "25P03");
  EXPECT_EQ(connection.why_lost(), kByATimeout);
  EXPECT_THAT(message_of<pqxx::broken_connection>([&] { connection.exec("SELECT 1"); }),
              HasSubstr(kByATimeout));
}

TEST_F(SessionEnd, ByTheCrashOfAnotherIsToldInTheServersWords) {
  const detail::Connection other{{.url = server.url()}, "default"};
  ASSERT_EQ(::kill(other.backend(), SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return connection.has_ended(); }));
  EXPECT_EQ(connection.last_words().sqlstate, "57P02");
  EXPECT_THAT(connection.why_lost(), HasSubstr("crash of another server process"));
}

TEST_F(SessionEnd, WithoutAWordIsStillKnown) {
  proxy.cut();
  EXPECT_TRUE(eventually([&] { return connection.has_ended(); }));
  EXPECT_EQ(connection.last_words().sqlstate, "");
  EXPECT_NE(connection.why_lost(), "");
}

/// A session that listens for jobs.
class ListeningSession : protected support::OnPrivatePostgres, public ::testing::Test {
 protected:
  ListeningSession() { EXPECT_TRUE(listener.wait(0ms)) << "it begins to listen"; }

  /// What it says once it has noticed.
  std::string why_deaf() {
    std::string said;
    EXPECT_TRUE(eventually([&] {
      const auto error = support::caught<DatabaseUnavailable>([&] { listener.wait(10ms); });
      if (error) said = error->what();
      return error != nullptr;
    }));
    return said;
  }

  Database database{{.url = server.url(), .application_name = "listens"}};
  detail::JobListener listener{database};
};

TEST_F(ListeningSession, EndedByAnAdministratorIsToldInTheServersWords) {
  Database outside{{.url = server.url()}, "outside"};
  outside.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listens'");
  EXPECT_EQ(why_deaf(), std::string{"cannot listen on database 'default': "} + kByAnAdministrator);
  EXPECT_TRUE(listener.wait(0ms)) << "anew";
}

TEST_F(ListeningSession, EndedByAShutdownIsToldInTheServersWords) {
  server.stop();
  EXPECT_THAT(why_deaf(), HasSubstr(kByAnAdministrator));
  server.start();
  EXPECT_TRUE(listener.wait(0ms)) << "anew";
}

}  // namespace
}  // namespace aftercommit
