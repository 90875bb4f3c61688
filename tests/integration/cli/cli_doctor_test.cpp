// `aftercommit doctor` on servers that are set up wrongly, and on those that are not.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "support/fixtures/cli_fixture.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::run_cli;
using ::testing::HasSubstr;
using ::testing::Not;

/// The finding about `what`; null: there is none.
json about(const json& examination, const std::string& place, const std::string& what) {
  for (const auto& finding : examination.at("findings")) {
    if (finding.at("place") == place && finding.at("what") == what) return finding;
  }
  return nullptr;
}

std::string severity_of(const json& examination, const std::string& place, const std::string& what) {
  const auto finding = about(examination, place, what);
  return finding.is_null() ? "none" : finding.at("severity").get<std::string>();
}

TEST(CliDoctor, FindsWhatEndangersTheGuaranteesOnAPairThatIsSetUpWrongly) {
  const support::PrivateRedis redis{
      {"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", "--appendonly", "no"}};
  support::PrivatePostgres postgres;  // without fsync
  postgres.set("synchronous_commit", "off");
  postgres.set("full_page_writes", "off");
  postgres.set("idle_in_transaction_session_timeout", "5s");
  const std::map<std::string, std::string> environment{{"REDIS_URL", redis.url()},
                                                       {"DATABASE_URL", postgres.url()}};

  const auto end = run_cli({"doctor", "--json", "--processes", "20"}, environment);
  EXPECT_EQ(end.exit_code, 1) << end.error;
  EXPECT_EQ(end.error, "") << "what it finds is in the document";
  const auto found = json::parse(end.output);
  EXPECT_EQ(found.at("endangered"), true);
  const std::string database = "database default";
  EXPECT_EQ(severity_of(found, "redis", "maxmemory-policy"), "danger");
  EXPECT_EQ(severity_of(found, "redis", "appendonly"), "warning") << "durable jobs come back";
  EXPECT_EQ(severity_of(found, database, "fsync"), "danger");
  EXPECT_EQ(severity_of(found, database, "full_page_writes"), "danger");
  EXPECT_EQ(severity_of(found, database, "synchronous_commit"), "warning");
  EXPECT_EQ(severity_of(found, database, "schema 'aftercommit' of database 'default'"), "danger")
      << "no tables";
  EXPECT_EQ(severity_of(found, database, "max_connections"), "warning") << "20 times 24 do not fit";
  EXPECT_EQ(severity_of(found, database, "clock"), "none");
  const auto eviction = about(found, "redis", "maxmemory-policy");
  EXPECT_EQ(eviction.at("value"), "allkeys-lru");
  EXPECT_THAT(eviction.at("remedy").get<std::string>(), HasSubstr("noeviction"));
  EXPECT_EQ(about(found, database, "idle_in_transaction_session_timeout").at("value"), "5 s");

  const auto text = run_cli({"doctor"}, environment);
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.output,
              HasSubstr("\ndanger  redis: maxmemory-policy = allkeys-lru\n  A full Redis deletes jobs"));
  EXPECT_THAT(text.output, HasSubstr("\n  -> Run aftercommit migrate"));
  EXPECT_THAT(text.output, Not(HasSubstr("\x1b"))) << "no colours where no terminal is";
}

TEST(CliDoctor, FindsWhatTheRoleAndTheUserMayNotAndThatAStandbyTakesNoWrites) {
  const support::PrivateRedis redis{{"--user", "shop", "on", "nopass", "~ac:*", "&ac:*", "-@all",
                                     "+@connection", "+info", "+time", "+xadd", "+eval"}};
  support::PrivatePostgres postgres;
  EXPECT_EQ(run_cli({"migrate"}, {{"DATABASE_URL", postgres.url()}}).exit_code, 0);
  {
    pqxx::connection connection{postgres.url()};
    pqxx::nontransaction session{connection};
    session.exec(
        "CREATE ROLE shop LOGIN; GRANT USAGE ON SCHEMA aftercommit TO shop;"
        "GRANT SELECT, INSERT ON aftercommit.job TO shop; GRANT SELECT ON aftercommit.migration TO shop");
  }
  auto redis_url = redis.tcp_url();
  redis_url.insert(redis_url.find("//") + 2, "shop:any@");
  auto as_shop = postgres.url();
  as_shop.replace(as_shop.find("user=postgres"), std::string{"user=postgres"}.size(), "user=shop");
  const auto end = run_cli({"doctor", "--json"}, {{"REDIS_URL", redis_url}, {"DATABASE_URL", as_shop}});
  EXPECT_EQ(end.exit_code, 1) << end.error;
  const auto found = json::parse(end.output);
  ASSERT_EQ(severity_of(found, "redis", "ACL of user shop"), "danger") << end.output;
  const auto commands = about(found, "redis", "ACL of user shop").at("value").get<std::string>();
  EXPECT_THAT(commands, HasSubstr("XREADGROUP"));
  EXPECT_THAT(commands, Not(HasSubstr("XADD")));
  EXPECT_EQ(about(found, "database default", "table job").at("value"), "no DELETE, UPDATE");
  EXPECT_EQ(severity_of(found, "database default", "table dead"), "danger");
  EXPECT_EQ(severity_of(found, "database default", "table rate"), "note") << "limits alone need it";

  postgres.demote();
  const auto standby =
      run_cli({"doctor", "--json"}, {{"REDIS_URL", redis.url()}, {"DATABASE_URL", postgres.url()}});
  EXPECT_EQ(standby.exit_code, 1);
  EXPECT_EQ(severity_of(json::parse(standby.output), "database default", "hot standby"), "danger");
}

class CliDoctorOfAShop : public support::CliTest {
 protected:
  static std::string setting(const std::string& name) {
    pqxx::connection connection{support::database_url()};
    return pqxx::nontransaction{connection}.exec1("SHOW " + name)[0].as<std::string>();
  }
};

TEST_F(CliDoctorOfAShop, FindsNoDangerOnServersThatAreSetUpRight) {
  const bool without_fsync = setting("fsync") == "off";  // as servers of a test run may be
  std::vector<std::string> expected;
  if (without_fsync) expected = {"fsync", "full_page_writes"};
  const auto end = run({"doctor", "--json"});
  EXPECT_EQ(end.exit_code, without_fsync ? 1 : 0) << end.output;
  const auto found = json::parse(end.output);
  EXPECT_EQ(found.at("endangered"), without_fsync);
  std::vector<std::string> dangers;
  for (const auto& finding : found.at("findings"))
    if (finding.at("severity") == "danger") dangers.push_back(finding.at("what").get<std::string>());
  EXPECT_EQ(dangers, expected);
  std::vector<std::string> facts;
  for (const auto& fact : found.at("facts")) facts.push_back(fact.at("what").get<std::string>());
  for (const auto* what : {"version", "clock", "role", "pooler", "version of the tables", "connections"})
    EXPECT_THAT(facts, ::testing::Contains(what));
  EXPECT_THAT(run({"doctor"}).output,
              HasSubstr(without_fsync ? "\n2 dangers to what " : "\nNothing endangers the guarantees: "));
}

TEST_F(CliDoctorOfAShop, LooksAtTheOthersWhereAServerIsAway) {
  auto servers = environment();
  servers["REDIS_URL"] = "redis://u:canary@127.0.0.1:1";
  const auto end = run_cli({"doctor", "--json"}, servers);
  EXPECT_EQ(end.exit_code, 3) << end.error;
  EXPECT_THAT(end.output, Not(HasSubstr("canary")));
  const auto found = json::parse(end.output);
  EXPECT_EQ(found.at("away"), json::parse(R"(["redis"])"));
  EXPECT_EQ(severity_of(found, "redis", "connection"), "danger");
  EXPECT_TRUE(std::ranges::any_of(found.at("facts"),
                                  [](const auto& fact) { return fact.at("place") == "database default"; }));
}

}  // namespace
}  // namespace aftercommit
