// Every URL that psql takes is taken here, and means the same: each is tried with both, side by side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <pqxx/pqxx>
#include <string>

#include "aftercommit/aftercommit.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"
#include "support/mangled_urls.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::message_of;
using support::shown_of_canary;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAsk =
    "SELECT concat_ws('|', current_database(), current_user, current_setting('search_path'), "
    "coalesce(inet_server_port()::text, 'socket'))";
constexpr const char* kNone = "no connection";

std::string in_shell(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return quoted + "'";
}

std::string by_psql(const std::string& url) {
  const auto command = "psql -X -A -t -q -w -c " + in_shell(kAsk) + " " + in_shell(url) + " 2>/dev/null";
  std::FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) return "no psql";
  std::string output;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  const int status = ::pclose(pipe);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? output.substr(0, output.find('\n')) : kNone;
}

std::string by_us(const std::string& url) {
  try {
    Database database{{.url = url}};
    return database.exec(kAsk)[0][0].as<std::string>();
  } catch (const Error&) {
    return kNone;
  }
}

/// How many connect; each is the same with both.
int compare(const std::vector<std::string>& urls) {
  int connected = 0;
  for (const auto& url : urls) {
    const auto expected = by_psql(url);
    EXPECT_EQ(by_us(url), expected) << url;
    if (expected != kNone) ++connected;
  }
  return connected;
}

/// A server that asks for passwords, on a Unix socket.
class DatabaseUrl : public ::testing::Test {
 protected:
  DatabaseUrl() {
    pqxx::connection connection{server.url()};
    pqxx::nontransaction session{connection};
    session.exec("CREATE DATABASE \"d b\"");
    const std::map<std::string, std::string> roles{{"u", "pa?ss"},     {"v@x", "p%/@:"},
                                                   {"w", "a&b=c d#e"}, {"z", "connect_timeout="},
                                                   {"q", "it's \\ x"}, {"s", std::string{support::kCanary}}};
    for (const auto& [role, password] : roles) {
      session.exec("CREATE ROLE " + session.quote_name(role) + " LOGIN PASSWORD " + session.quote(password));
    }
    const auto file = session.exec("SHOW hba_file")[0][0].as<std::string>();
    session.exec("COPY (VALUES ('local all postgres trust'), ('local all all scram-sha-256')) TO " +
                 session.quote(file));
    session.exec("SELECT pg_reload_conf()");
    if (!eventually([&] { return by_us("host=" + directory() + " user=u dbname=postgres") == kNone; })) {
      throw std::runtime_error{"the server asks for no passwords"};
    }
  }

  std::string directory() const {
    const auto url = server.url();
    const auto begin = url.find("host=") + 5;
    return url.substr(begin, url.find('&') - begin);
  }
  /// As the host of a URL.
  std::string at() const {
    std::string host;
    for (const char c : directory()) host += c == '/' ? std::string{"%2F"} : std::string{c};
    return host;
  }

  support::PrivatePostgres server;
};

TEST_F(DatabaseUrl, ThatPsqlTakesIsTakenAndMeansTheSame) {
  if (by_psql(server.url()) == kNone) GTEST_SKIP() << "there is no psql to compare with";
  EXPECT_EQ(compare({
                "postgresql://u:pa?ss@" + at() + "/postgres",
                "postgres://u:pa%3Fss@" + at() + "/postgres",
                "postgresql://u:pa?ss@" + at() + "/d%20b",
                "postgresql://u:pa?ss@" + at() + ":5432/postgres",
                "postgresql:///postgres?host=" + directory() + "&user=u&password=pa?ss",
                "postgresql://u@" + at() + "/postgres?password=pa%3Fss",
                "postgresql://v%40x:p%25%2F%40%3A@" + at() + "/postgres",
                "postgresql://w:a&b=c%20d#e@" + at() + "/postgres",
                "postgresql://w:a&b=c d#e@" + at() + "/postgres",
                "postgresql://z:connect_timeout=@" + at() + "/postgres",
                "postgresql://u:pa?ss@" + at() + "," + at() + "/postgres?target_session_attrs=any",
                "postgresql://u:pa?ss@%2Fnowhere," + at() + "/postgres",
                "postgresql://u:pa?ss@" + at() + "/postgres?options=-csearch_path%3Da,b",
                "postgresql://u:pa?ss@" + at() + "/postgres?sslmode=disable&connect_timeout=7&keepalives=0",
                "host=" + directory() + " user=u password=pa?ss dbname=postgres",
                "host = " + directory() + "  user=u password = 'pa?ss' dbname='d b'",
                "host=" + directory() + " user=q password='it\\'s \\\\ x' dbname=postgres",
                "host=" + directory() + " user=z password=connect_timeout= dbname=postgres",
                "dbname='postgres' options='-c search_path=a,b' user=postgres host=" + directory(),
            }),
            19);
}

TEST_F(DatabaseUrl, ThatPsqlDoesNotTakeIsNotTaken) {
  EXPECT_EQ(compare({
                "postgresql://u:wrong@" + at() + "/postgres",
                "postgresql://u@" + at() + "/postgres",
                "postgresql://u:pa?ss@" + at(),
                "postgresql://u:pa?ss@" + at() + "/postgres#x",
                "postgresql://u:pa?ss@" + at() + "/postgres?nonsense=1",
                "postgresql://u:pa?ss@" + at() + "/postgres?sslmode=nonsense",
                "postgresql://u:pa%?ss@" + at() + "/postgres",
                "postgresql://u:pa?ss@" + at() + "/postgres\n",
                "\"postgresql://u:pa?ss@" + at() + "/postgres\"",
                "host=" + directory() + " user=u password='pa?ss dbname=postgres",
                "host=" + directory() + " user=u password=pa?ss nonsense=1",
            }),
            0);
}

TEST_F(DatabaseUrl, MayComeFromAServiceAndTheEnvironment) {
  const auto file = std::filesystem::path{directory()} / "services";
  std::ofstream{file} << "[shop]\nhost=" << directory() << "\nuser=u\npassword=pa?ss\ndbname=d b\n";
  ::setenv("PGSERVICEFILE", file.c_str(), 1);
  ::setenv("PGPASSWORD", "pa?ss", 1);
  const auto connected =
      compare({"service=shop", "postgresql:///?service=shop", "postgresql:///postgres?service=shop",
               "postgresql://u@" + at() + "/postgres"});
  ::unsetenv("PGSERVICEFILE");
  ::unsetenv("PGPASSWORD");
  EXPECT_EQ(connected, 4);
}

TEST_F(DatabaseUrl, OfATcpServerIsReadAsPsqlDoes) {
  std::map<std::string, std::string> part;
  auto* const options = ::PQconninfoParse(support::database_url().c_str(), nullptr);
  for (auto* option = options; option->keyword != nullptr; ++option) {
    part[option->keyword] = option->val != nullptr ? option->val : "";
  }
  ::PQconninfoFree(options);
  const auto user = part["user"] + ":any?thing@";
  const auto place = part["host"] + ":" + part["port"];
  const auto name = "/" + part["dbname"];
  EXPECT_GE(
      compare({"postgresql://" + user + place + name, "postgres://" + user + place + name + "?sslmode=prefer",
               "postgresql://" + user + part["host"] + name + "?port=" + part["port"],
               "postgresql://" + user + "127.0.0.1:1," + place + name,
               "postgresql://" + user + "[::1]:" + part["port"] + name,
               "hostaddr=127.0.0.1 port=" + part["port"] + " user=" + part["user"] +
                   " dbname=" + part["dbname"]}),
      5);
}

TEST_F(DatabaseUrl, ThatIsRefusedByTheServerIsToldWithoutItsPassword) {
  const std::string canary{support::kCanary};
  for (const auto& url : {"postgresql://s:" + canary + "x@" + at() + "/postgres",
                          "postgresql://s" + canary + "@" + at() + "/postgres",
                          "postgresql://s:" + canary + "@" + at() + "/" + canary,
                          "host=" + directory() + " user=s password='wrong " + canary + "' dbname=postgres",
                          "host=" + directory() + "password=" + canary + " user=s"}) {
    Database database{{.url = url}, "shop"};
    const auto said = message_of<DatabaseUnavailable>([&] { database.check(); });
    EXPECT_THAT(said, HasSubstr("cannot connect to database 'shop'"));
    EXPECT_EQ(shown_of_canary(said), "") << said;
  }
}

TEST_F(DatabaseUrl, InQuotesIsToldSoByTheAppAndTheDatabase) {
  const std::string url = "\"postgresql://u:s3cret@host/db\"";
  const auto says = ::testing::AllOf(HasSubstr("the URL of database 'default' begins with a quote"),
                                     Not(HasSubstr("s3cret")));
  Database database{{.url = url}};
  EXPECT_THAT(message_of<ConfigError>([&] { database.check(); }), says);
  App app{"shop", {.redis_url = "memory://quotes", .databases = {{"default", {.url = url}}}}};
  EXPECT_THAT(message_of<ConfigError>([&] { app.check(); }), says);
}

}  // namespace
}  // namespace aftercommit
