/// What a pooler between us and PostgreSQL must not be sent: settings and listeners that outlive the
/// transaction belong to a session, and that goes to another client next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "client/job_table/job_listener.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/postgres_proxy.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::message_of;
using ::testing::HasSubstr;

class Pooler : protected support::OnPrivatePostgres, public ::testing::Test {
 protected:
  std::string durability_of(const std::string& application) const {
    Database database{{.url = proxy.url(), .application_name = application}};
    return database.exec("SHOW synchronous_commit")[0][0].as<std::string>();
  }

  support::PostgresProxy proxy{server};
};

TEST_F(Pooler, IsNotSentTheSettingsOfAWorkersSession) {
  server.set("synchronous_commit", "off");
  EXPECT_EQ(durability_of("ac:worker"), "on") << "a proxy is no pooler";
  proxy.make_up_process_ids(true);
  EXPECT_EQ(durability_of("ac:worker"), "off");
}

TEST_F(Pooler, IsLeftToCleanASessionThatAStatementHasChanged) {
  proxy.make_up_process_ids(true);
  Database database{{.url = proxy.url()}};
  const auto ask = [&](const std::string& sql) { return database.exec(sql)[0][0].as<std::string>(); };
  const auto session = ask("SELECT pg_backend_pid()");
  EXPECT_EQ(ask("SELECT pg_backend_pid()"), session);
  database.exec("SET statement_timeout = '7min'");
  EXPECT_EQ(ask("SHOW statement_timeout"), "0");
  EXPECT_NE(ask("SELECT pg_backend_pid()"), session)
      << "whoever comes next to the old one is not ours to see";
}

TEST_F(Pooler, IsNotAskedToListen) {
  Database database{{.url = proxy.url()}};
  detail::JobListener hears{database};
  EXPECT_TRUE(hears.wait(0ms)) << "a proxy is no pooler";
  EXPECT_FALSE(hears.wait(0ms));

  proxy.make_up_process_ids(true);
  detail::JobListener listener{database};
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { listener.wait(0ms); }), HasSubstr("pooler"));
  proxy.make_up_process_ids(false);  // would be heard of by who asks again
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { listener.wait(0ms); }), HasSubstr("pooler"));
}

}  // namespace
}  // namespace aftercommit
