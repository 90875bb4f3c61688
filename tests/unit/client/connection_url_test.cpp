/// What a database's URL may look like: whatever libpq reads, with the same meaning; and that nothing said of
/// it shows its password.
#include "client/postgres/connection_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "client/settings/database_argument.hpp"
#include "support/mangled_urls.hpp"

namespace aftercommit::detail {
namespace {

using support::shown_of_canary;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Values = std::map<std::string, std::string>;

/// As libpq reads it.
Values read(const std::string& url) {
  Values values;
  auto* const options = ::PQconninfoParse(url.c_str(), nullptr);
  for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  ::PQconninfoFree(options);
  return values;
}

/// What is given to libpq for a URL, as libpq reads that.
Values given_for(const std::string& url, const std::string& application = {}) {
  return read(connection_string({.url = url, .application_name = application}));
}

TEST(ConnectionUrl, MeansWhatLibpqReads) {
  for (const std::string url : {
           "postgresql://u:pa?ss@host/db",
           "postgres://u:p%40s%2Fs%25@host:5433/d%20b",
           "postgresql://",
           "postgresql:///db",
           "postgresql://host",
           "postgresql://u@/db",
           "postgresql://u:p#x@host/db#fragment",
           "postgresql://u:a&b=c?connect_timeout=@host/db",
           "postgresql://%2Fvar%2Frun%2Fpostgresql/db",
           "postgresql:///db?host=/var/run/postgresql&user=u",
           "postgresql://[::1]:5433,two:1,/db?target_session_attrs=any",
           "postgresql://one,two,three/db",
           "postgresql://host/db?options=-csearch_path%3Da,b%20-c%20x.y%3Dz&sslmode=disable",
           "postgresql://host/db?application_name=it's%20\\mine&keepalives_idle=77&tcp_user_timeout=0",
           "postgresql://u:p@host/db?connect_timeout=30&ssl=true",
           "postgresql://host/db?password=&user=",
           "host=h  port = 5433 user=u password='a b\\'c\\\\d' dbname=''",
           "password=connect_timeout= host=h",
           "hostaddr=127.0.0.1 sslmode=require",
           "service=shop user=u",
       }) {
    const auto wanted = read(url);
    const auto given = given_for(url);
    for (const auto& [keyword, value] : wanted) {
      ASSERT_TRUE(given.contains(keyword)) << keyword << " of " << url;
      EXPECT_EQ(given.at(keyword), value) << keyword << " of " << url;
    }
    for (const auto& [keyword, value] : given) {
      const bool ours = keyword == "connect_timeout" || keyword.starts_with("keepalives_") ||
                        keyword == "tcp_user_timeout" || keyword == "client_encoding";
      EXPECT_TRUE(ours || wanted.contains(keyword)) << keyword << " of " << url;
    }
  }
}

TEST(ConnectionUrl, BoundsWhatADeadPeerCosts) {
  const auto given = given_for("postgresql://host/db");
  EXPECT_EQ(given.at("connect_timeout"), "5");
  EXPECT_EQ(given.at("keepalives_idle"), "10");
  EXPECT_EQ(given.at("tcp_user_timeout"), "25000");
  EXPECT_EQ(given_for("postgresql://host/db?keepalives_idle=77").at("keepalives_idle"), "77");
}

TEST(ConnectionUrl, LeavesTheEnvironmentAndTheServiceTheirSay) {
  ASSERT_EQ(::setenv("PGCONNECT_TIMEOUT", "9", 1), 0);
  EXPECT_FALSE(given_for("postgresql://host/db").contains("connect_timeout"));
  EXPECT_EQ(given_for("postgresql://host/db?connect_timeout=2").at("connect_timeout"), "2");
  ::unsetenv("PGCONNECT_TIMEOUT");

  const auto file = std::filesystem::temp_directory_path() / ("services_" + std::to_string(::getpid()));
  std::ofstream{file} << "[shop]\nhost=/nowhere\nkeepalives_idle=77\n";
  ::setenv("PGSERVICEFILE", file.c_str(), 1);
  for (const std::string url : {"service=shop", "postgresql:///db?service=shop"}) {
    const auto given = given_for(url);
    EXPECT_FALSE(given.contains("keepalives_idle")) << url;
    EXPECT_FALSE(given.contains("host")) << "libpq reads it there itself";
    EXPECT_EQ(given.at("connect_timeout"), "5") << url;
  }
  ::unsetenv("PGSERVICEFILE");
  std::filesystem::remove(file);
}

TEST(ConnectionUrl, CarriesTheApplicationsNameWhateverItSays) {
  EXPECT_EQ(given_for("postgresql://host/db?application_name=mine").at("application_name"), "mine");
  EXPECT_EQ(given_for("postgresql://host/db?application_name=mine", "ac:w").at("application_name"), "ac:w");
  EXPECT_EQ(given_for("host=h application_name=mine", "ac:w").at("application_name"), "ac:w");
}

TEST(ConnectionUrl, AsksForUtf8WhateverItSays) {
  EXPECT_EQ(given_for("postgresql://host/db").at("client_encoding"), "UTF8");
  EXPECT_EQ(given_for("postgresql://host/db?client_encoding=LATIN1").at("client_encoding"), "UTF8");
  EXPECT_EQ(given_for("host=h client_encoding=auto").at("client_encoding"), "UTF8");
}

TEST(ConnectionUrl, ThatIsNoneIsToldWithItsFlawAndNotItself) {
  for (const auto& [url, flaw] : std::map<std::string, std::string>{
           {"\"postgresql://u:s3cret@host/db\"", "begins with a quote"},
           {"'postgresql://u:s3cret@host/db'", "begins with a quote"},
           {"\u201Cpostgresql://u:s3cret@host/db\u201D", "begins with a quote"},
           {" postgresql://u:s3cret@host/db", "begins with a space"},
           {"postgres:u:s3cret@host/db", "neither a URL"},
           {"postgresql+psycopg2://u:s3cret@host/db", "neither a URL"},
           {"DATABASE_URL=postgresql://u:s3cret@host/db", "a keyword that libpq does not know"},
           {"s3cret", "neither a URL"},
           {"postgresql://u:s3cret%@host/db", "'%' without two hexadecimal digits"},
           {"postgresql://u:s3cret%00@host/db", "%00"},
           {"postgresql://u:x@host/db?s3cret=1", "does not know"},
           {"postgresql://u:x@host/db?s3cret", "not name=value"},
           {"postgresql://u:x@host/db?user=s3cret=1", "second '='"},
           {"postgresql://u:s3cret@[::1/db", "bracket"},
           {"postgresql://u:s3cret@[]/db", "brackets"},
           {"postgresql://u:s3cret@[::1]x/db", "in brackets"},
           {"password='s3cret", "without an end"},
           {std::string("postgresql://u:s3cret\0@h", 24), "NUL"},
       }) {
    EXPECT_THAT(flaw_of_url(url), AllOf(HasSubstr(flaw), Not(HasSubstr("s3cret")))) << url;
    EXPECT_THROW(check_url(url, "shop"), ConfigError);
    EXPECT_THROW(connection_string({.url = url}), ConfigError);
  }
  EXPECT_EQ(flaw_of_url("postgresql://u:s3cret@host/db"), "");
}

TEST(ConnectionUrl, OfSeveralHostsIsToldWithTheReasonOfEach) {
  const std::runtime_error error{
      "connection to server at \"one\" (10.0.0.1), port 1 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n"
      "connection to server at \"two\" (10.0.0.2), port 1 failed: FATAL:  no s3cret for user \"u\"\n"};
  EXPECT_EQ(why_unreachable(error, "postgresql://u:s3cret@one,two/db"),
            "connection to server at \"one\" (10.0.0.1), port 1 failed: Connection refused; "
            "connection to server at \"two\" (10.0.0.2), port 1 failed: FATAL:  no *** for user \"u\"");
}

/// With what libpq then says.
std::string why(const std::string& url, const std::string& error) {
  return why_unreachable(std::runtime_error{error}, url);
}

TEST(ConnectionUrl, ThatCanBeReadInMoreThanOneWayIsToldWithoutAnyOfIt) {
  const auto none =
      AllOf(HasSubstr("none of the URL is shown"), HasSubstr("'/' as %2F"), HasSubstr("'@' as %40"));
  EXPECT_THAT(why("postgresql://u:abcd/efgh@127.0.0.1/db",
                  "invalid integer value \"abcd\" for connection option \"port\"\n"),
              AllOf(HasSubstr("invalid integer value \"***\""), Not(HasSubstr("abcd")), none));
  EXPECT_THAT(why("postgresql://u:abcd@ef@host/db",
                  "could not translate host name \"ef@host\" to address: Name or service not known\n"),
              AllOf(HasSubstr("host name \"***\" to address: Name or service not known"),
                    Not(HasSubstr("ef@")), none));
  EXPECT_THAT(why("postgresql://u:1234/x@h/db",
                  "connection to server at \"u\" (10.0.0.1), port 1234 failed: Connection refused\n"),
              AllOf(HasSubstr("at \"***\" (10.0.0.1), port *** failed: Connection refused"), none));
  EXPECT_THAT(
      why("postgresql://one:12,two:34/x@h/db",
          "connection to server at \"two\" (10.0.0.2), port 34 failed: FATAL: no \xC2\xBBx@h/db\xC2\xAB\n"),
      AllOf(HasSubstr("port *** failed"), Not(HasSubstr("x@h")), none));
  EXPECT_THAT(
      why("postgresql://u:abcd@host/db",
          "connection to server at \"host\" (10.0.0.1), port 5432 failed: Connection refused\n"),
      AllOf(HasSubstr("at \"host\" (10.0.0.1), port 5432 failed"), Not(HasSubstr("none of the URL"))));
}

/// What libpq and the server say when something is wrong with a value, and they quote it.
std::string quoting(const Values& values) {
  std::string text = "connection to server at \"here\" failed: FATAL: ";
  for (const auto& [keyword, value] : values) {
    text += " invalid value for \"" + keyword + "\": \"" + value + "\", not " + value + ";";
  }
  return text;
}

TEST(MangledUrl, OfPostgresqlNeverShowsItsPassword) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  support::MangledUrls urls{support::right_postgres_urls(), seed};
  int read_by_libpq = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto url = urls.next();
    const auto flaw = flaw_of_url(url);
    ASSERT_EQ(shown_of_canary(flaw), "") << flaw;
    ASSERT_EQ(shown_of_canary(masked_url(url)), "") << masked_url(url);
    ASSERT_EQ(shown_of_canary(shown_argument(url)), "");
    const auto [alias, rest] = parse_database_argument(url);
    ASSERT_EQ(shown_of_canary(alias), "") << alias;
    if (!flaw.empty()) continue;
    ++read_by_libpq;
    const auto said = why_unreachable(std::runtime_error{quoting(read(url))}, url);
    ASSERT_EQ(shown_of_canary(said + '\n' + shown_database_url(url)), "") << said << "\nof " << url;
  }
  EXPECT_GT(read_by_libpq, 1000);
}

TEST(MangledUrl, OfPostgresqlNeverShowsAShortPassword) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const std::string canary{support::kShortCanary};
  support::MangledUrls urls{support::postgres_urls_with_short_passwords(), seed};
  int read_by_libpq = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto url = urls.next();
    const auto flaw = flaw_of_url(url);
    ASSERT_THAT(flaw + masked_url(url) + shown_argument(url) + parse_database_argument(url).first,
                Not(HasSubstr(canary)))
        << "of " << url;
    if (!flaw.empty()) continue;
    ++read_by_libpq;
    const auto said = why_unreachable(std::runtime_error{quoting(read(url))}, url);
    ASSERT_THAT(said + '\n' + shown_database_url(url), Not(HasSubstr(canary))) << "of " << url;
  }
  EXPECT_GT(read_by_libpq, 1000);
}

/// A variable of the environment, as long as this lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_{name} { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

TEST(ConnectionUrl, OfSeveralHostsMayLeadToAStandbyUnlessItAsksForThePrimary) {
  for (const std::string url :
       {"postgresql://u@a,b/db", "postgresql://u@a,b/db?target_session_attrs=any",
        "postgresql://a:1,b:2/db?target_session_attrs=prefer-standby", "postgresql:///db?host=/run/a,/run/b",
        "host=a,b dbname=db", "hostaddr=::1,::2"}) {
    EXPECT_TRUE(may_lead_to_a_standby(url)) << url;
  }
  for (const std::string url :
       {"postgresql://u@a/db", "postgresql://", "postgresql://u@a/db?options=-cx=a,b",
        "postgresql://a,b/db?target_session_attrs=read-write", "host=a,b target_session_attrs=primary"}) {
    EXPECT_FALSE(may_lead_to_a_standby(url)) << url;
  }
}

TEST(ConnectionUrl, MayLeadToAStandbyByWhatTheEnvironmentAddsToIt) {
  const Variable hosts{"PGHOST", "a,b"};
  EXPECT_TRUE(may_lead_to_a_standby("postgresql:///db"));
  EXPECT_FALSE(may_lead_to_a_standby("postgresql://a/db"));
  const Variable wanted{"PGTARGETSESSIONATTRS", "read-write"};
  EXPECT_FALSE(may_lead_to_a_standby("postgresql:///db"));
  EXPECT_FALSE(may_lead_to_a_standby("postgresql://a,b/db"));
}

TEST(ShownDatabaseUrl, SaysWhereItLeadsAndNothingElse) {
  EXPECT_EQ(shown_database_url("postgresql://shop:hidden@db:5433/r?sslmode=require"),
            "host=db port=5433 dbname=r user=shop");
  EXPECT_EQ(shown_database_url("host=/run/pg user=web sslmode=disable"), "host=/run/pg user=web");
  EXPECT_EQ(shown_database_url("postgresql://shop:hid/den@db/r"), "***") << "it can be read in several ways";
  EXPECT_EQ(shown_database_url("no url"), "***");
}

TEST(ShownDatabaseUrl, HidesAPasswordThatAMistakeMadePartOfAName) {
  EXPECT_EQ(shown_database_url("postgresql:///shophost=/nowhere&user=shop&password=qZv\r\n"),
            "dbname=shophost=/nowhere&user=shop&password=***")
      << "with the end of the line";
  const std::string long_name(kNameLimit - 12, 'n');
  EXPECT_THAT(shown_database_url("postgresql:///" + long_name + "&password=qZvW"), Not(HasSubstr("qZ")))
      << "and cut off";
}

TEST(DatabaseArgument, MayNameTheAliasBeforeEitherFormOfAUrl) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(parse_database_argument("reports=postgresql://h/d"), (Pair{"reports", "postgresql://h/d"}));
  EXPECT_EQ(parse_database_argument("reports=host=h dbname=d"), (Pair{"reports", "host=h dbname=d"}));
  EXPECT_EQ(parse_database_argument("user=postgres host=h"), (Pair{"default", "user=postgres host=h"}));
  EXPECT_EQ(parse_database_argument("postgresql://h/d?user=x"), (Pair{"default", "postgresql://h/d?user=x"}));
  EXPECT_EQ(parse_database_argument("reports=\"postgresql://h/d\""),
            (Pair{"reports", "\"postgresql://h/d\""}));
}

}  // namespace
}  // namespace aftercommit::detail
