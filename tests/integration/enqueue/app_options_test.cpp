/// Where an app finds its servers: in its options, else in the environment; and what is said where neither
/// helps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "broker/contract/broker.hpp"
#include "support/fixtures/payments.hpp"

extern char** environ;

namespace aftercommit {
namespace {

using support::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Starts each test with an environment that names no server, and puts it back afterwards.
class AppOptionsFrom : public ::testing::Test {
 protected:
  AppOptionsFrom() {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string line = *entry;
      const auto name = line.substr(0, line.find('='));
      if (name == "REDIS_URL" || name.starts_with("DATABASE_URL"))
        before_[name] = line.substr(name.size() + 1);
    }
    for (const auto& [name, value] : before_) ::unsetenv(name.c_str());
  }
  ~AppOptionsFrom() override {
    for (const auto& name : set_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  std::string real_database() const { return before_.at("DATABASE_URL"); }

 private:
  std::map<std::string, std::string> before_;
  std::vector<std::string> set_;
};

TEST_F(AppOptionsFrom, TheEnvironmentNameTheBroker) {
  EXPECT_EQ(App{"shop"}.options().redis_url, "redis://127.0.0.1:6379/0");
  set("REDIS_URL", "redis://elsewhere:1/2");
  EXPECT_EQ(App{"shop"}.options().redis_url, "redis://elsewhere:1/2");
  EXPECT_EQ((App{"shop", {.redis_url = "memory://mine"}}.options().redis_url), "memory://mine");
}

TEST_F(AppOptionsFrom, TheEnvironmentNameADatabaseForEachAlias) {
  set("DATABASE_URL", "postgresql://one/a");
  set("DATABASE_URL_REPORTS", "postgresql://two/b");
  set("DATABASE_URL_OLD_SHOP", "postgresql://three/c");
  App app{"shop"};
  EXPECT_THAT(app.database_aliases(), ElementsAre("default", "old_shop", "reports"));
  EXPECT_EQ(app.database().options().url, "postgresql://one/a");
  EXPECT_EQ(app.database("reports").options().url, "postgresql://two/b");
  EXPECT_EQ(app.database("reports").alias(), "reports");
}

TEST_F(AppOptionsFrom, TheCodeLeaveTheEnvironmentOnlyWhatTheyLackAndAddNoAlias) {
  set("DATABASE_URL", "postgresql://one/a");
  set("DATABASE_URL_REPORTS", "postgresql://two/b");
  App app{"shop", {.databases = {{"default", {.url = "postgresql://mine/x"}}}}};
  EXPECT_THAT(app.database_aliases(), ElementsAre("default"));
  EXPECT_EQ(app.database().options().url, "postgresql://mine/x");

  App mixed{"shop", {.databases = {{"reports", {.pool_size = 3}}}}};
  EXPECT_THAT(mixed.database_aliases(), ElementsAre("reports"));
  EXPECT_EQ(mixed.database("reports").options().url, "postgresql://two/b");
  EXPECT_EQ(mixed.database("reports").options().pool_size, 3U);
}

TEST_F(AppOptionsFrom, AnEmptyVariableAreAsFromNone) {
  set("DATABASE_URL", "");
  set("REDIS_URL", "");
  EXPECT_THAT(App{"shop"}.database_aliases(), IsEmpty());
  EXPECT_EQ(App{"shop"}.options().redis_url, "redis://127.0.0.1:6379/0");
}

TEST_F(AppOptionsFrom, NowhereAreAnErrorThatNamesTheVariable) {
  App app{"shop"};
  EXPECT_THAT(message_of<ConfigError>([&] { app.database(); }),
              AllOf(HasSubstr("app 'shop' has no database 'default'"), HasSubstr("set DATABASE_URL")));
}

TEST_F(AppOptionsFrom, NowhereForOneAliasAreAnErrorAndNeverLibpqsOwnDefault) {
  App app{"shop", {.databases = {{"reports", {}}}}};
  EXPECT_THAT(
      message_of<ConfigError>([&] { app.database("reports"); }),
      AllOf(HasSubstr("database 'reports' of app 'shop' has no URL"), HasSubstr("DATABASE_URL_REPORTS")));
  App other{"shop", {.databases = {{"default", {}}}}};
  EXPECT_THAT(message_of<ConfigError>([&] { other.database(); }), HasSubstr("set DATABASE_URL"));
}

TEST_F(AppOptionsFrom, AnAliasThatIsNoNameAreAnError) {
  App app{"shop", {.databases = {{"two words", {.url = "postgresql://one/a"}}}}};
  EXPECT_THAT(message_of<ConfigError>([&] { app.database(); }), HasSubstr("database alias 'two words'"));
}

TEST_F(AppOptionsFrom, ASchemaThatNoneCanBeAreAnErrorBeforeAnythingConnects) {
  for (const std::string schema : {"", "a{b}"}) {
    App app{"shop", {.databases = {{"default", {.url = "postgresql://nowhere/a", .schema = schema}}}}};
    EXPECT_THAT(message_of<ConfigError>([&] { app.options(); }),
                HasSubstr("'" + schema + "' cannot be a schema"));
  }
}

TEST_F(AppOptionsFrom, ConfigureReplaceThoseGivenBeforeTheFirstUse) {
  App app{"shop", {.databases = {{"two words", {.url = "postgresql://one/a"}}}}};
  EXPECT_THROW(app.options(), ConfigError);
  app.configure({.redis_url = "memory://mine", .databases = {{"default", {.url = "postgresql://two/b"}}}});
  EXPECT_EQ(app.database().options().url, "postgresql://two/b");
  EXPECT_EQ(app.options().redis_url, "memory://mine");
}

TEST_F(AppOptionsFrom, ConfigureAfterTheFirstUseAreAnError) {
  App app{"shop", {.redis_url = "memory://mine"}};
  app.options();
  EXPECT_THAT(message_of<UsageError>([&] { app.configure({}); }),
              HasSubstr("configure it before its first use"));
}

TEST_F(AppOptionsFrom, AnAppAreReadAtItsFirstUseAndNotBefore) {
  App app{"shop"};
  const auto task = app.task<long>("task", {.delivery = Delivery::kOnCommit});
  set("DATABASE_URL", real_database());
  set("REDIS_URL", "memory://" + support::unique_name("app"));
  EXPECT_EQ(app.database().exec("SELECT 7")[0][0].as<int>(), 7);
  EXPECT_NO_THROW(task.delay(1));
}

TEST_F(AppOptionsFrom, NowhereForTheDatabaseLetAnAppEnqueueAllTheSame) {
  App app{"shop", {.redis_url = "memory://" + support::unique_name("app")}};
  app.task<long>("task").delay(1);
  EXPECT_EQ(make_broker(app.options().redis_url)->counts("default").ready, 1);
}

TEST_F(AppOptionsFrom, ABrokerUrlThatIsNoneAreAnErrorAtTheFirstJobWithoutThePassword) {
  App app{"shop", {.redis_url = "http://user:secret@host"}};
  const auto task = app.task<long>("task");
  EXPECT_THAT(message_of<ConfigError>([&] { task.delay(1); }), Not(HasSubstr("secret")));
  EXPECT_THROW(task.delay(1), ConfigError);
}

TEST_F(AppOptionsFrom, ADatabaseUrlReachTheServerAsTheyStand) {
  const auto application = [&](const std::string& url) {
    Database database{{.url = url}};
    return database.exec("SHOW application_name")[0][0].as<std::string>();
  };
  const auto base = real_database();
  const std::string ask = base.find('?') == std::string::npos ? "?" : "&";
  EXPECT_EQ(application(base + ask + "application_name=mine"), "mine");
  EXPECT_EQ(application(base + ask + "application_name=mine&connect_timeout=3"), "mine");
}

TEST_F(AppOptionsFrom, AWrongBrokerUrlIsToldAtTheFirstUseAndNotAfterACommit) {
  App app{"test", {.redis_url = "amqp://h", .databases = {{"default", {.url = real_database()}}}}};
  EXPECT_THROW(app.database(), ConfigError);
}

TEST_F(AppOptionsFrom, TheEnvironmentAnAliasThatNoShellCanSpellTakesItsUrlFromTheNearestName) {
  set("DATABASE_URL_READ_ONLY", "postgresql://elsewhere/x");
  App app{"test", {.redis_url = "memory://options", .databases = {{"Read-Only", {.pool_size = 3}}}}};
  EXPECT_EQ(app.options().databases.at("Read-Only").url, "postgresql://elsewhere/x");
}

}  // namespace
}  // namespace aftercommit
