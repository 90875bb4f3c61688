// What is looked at before a program begins: all servers at the same time, and all that is wrong is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <list>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

#include "aftercommit/aftercommit.hpp"
#include "client/app/set_up_checks.hpp"
#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/silent_server.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using detail::look_at_all;
using detail::SetUpCheck;
using support::SilentServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> nothing() { return {}; }

TEST(SetUpChecks, AreAnsweredInTheirOrderWhateverComesFirst) {
  std::promise<void> second_is_done;
  const auto done = second_is_done.get_future().share();
  const auto findings = look_at_all({{.subject = "one",
                                      .look = [done]() -> std::vector<std::string> {
                                        done.wait();
                                        throw ConfigError{"one is wrong"};
                                      }},
                                     {.subject = "two",
                                      .look = [&]() -> std::vector<std::string> {
                                        second_is_done.set_value();
                                        return {"two is odd"};
                                      }},
                                     {.subject = "three",
                                      .look = []() -> std::vector<std::string> {
                                        throw std::runtime_error{"ERROR:  it said no\nDETAIL: much"};
                                      }}},
                                    60s);
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_THAT(findings[1].warnings, ElementsAre("two is odd"));
  EXPECT_THAT(detail::troubles_of(findings), ElementsAre("one is wrong", "three: it said no"));
}

TEST(SetUpChecks, LeaveBehindWhatDoesNotAnswerAndSaySo) {
  const auto never = std::make_shared<std::promise<void>>();
  const auto findings = look_at_all({{.subject = "the broker",
                                      .look =
                                          [never, end = never->get_future().share()] {
                                            end.wait();
                                            return nothing();
                                          }},
                                     {.subject = "other", .look = nothing}},
                                    200ms);
  EXPECT_THAT(findings.at(0).trouble, HasSubstr("the broker did not answer within 200 ms"));
  never->set_value();
}

TEST(SetUp, OfAnAppTellsAllThatIsWrongAtOnce) {
  App app{"shop",
          {.redis_url = "redis://127.0.0.1:1",
           .databases = {{"orders", {.url = "postgresql://u:s3cret@127.0.0.1:1/a"}},
                         {"reports", {.url = "postgresql://u:s3cret@127.0.0.1:2/b"}}}}};
  try {
    app.check();
    FAIL() << "nothing is there";
  } catch (const ConfigError& error) {
    const std::string said = error.what();
    EXPECT_THAT(said, AllOf(HasSubstr("cannot connect to Redis at 127.0.0.1:1"),
                            HasSubstr("\ncannot connect to database 'orders'"),
                            HasSubstr("\ncannot connect to database 'reports'"), Not(HasSubstr("s3cret"))));
    EXPECT_LT(said.find("Redis"), said.find("orders"));
    EXPECT_LT(said.find("orders"), said.find("reports"));
  }
}

TEST(SetUp, OfAnAppTellsAllUrlsThatAreWrong) {
  App app{"shop",
          {.redis_url = "'redis://cache'",
           .databases = {{"orders", {.url = "\"postgresql://u:s3cret@h/a\""}}, {"reports", {.url = "x"}}}}};
  try {
    app.options();
    FAIL() << "none is right";
  } catch (const ConfigError& error) {
    EXPECT_THAT(
        std::string{error.what()},
        AllOf(HasSubstr("database 'orders' begins with a quote"), HasSubstr("database 'reports' is neither"),
              HasSubstr("the broker URL begins with a quote"), Not(HasSubstr("s3cret"))));
  }
}

TEST(SetUp, OfAWorkerBesideServersThatNeverAnswerEndsAsSoonAsWithOne) {
  std::list<SilentServer> servers(5);
  std::vector<std::string> command{AFTERCOMMIT_LINKED_WORKER, "--redis", "redis://" + servers.front().at()};
  for (const auto* alias : {"a", "b", "c", "default", "reports"}) {
    command.emplace_back("--database");
    command.push_back(std::string{alias} + "=postgresql://u@" + servers.back().at() + "/x");
  }
  support::WorkerProcess worker{command};
  // One after the other, with three seconds each, they would take 18.
  EXPECT_EQ(worker.exit_code(12s), 3) << worker.log();
  EXPECT_EQ(worker.log_lines().size(), 6U) << worker.log();
  for (const auto& line : worker.log_lines()) EXPECT_TRUE(line.starts_with("worker: ")) << line;
  EXPECT_THAT(worker.log_lines().front(), HasSubstr("Redis"));
  EXPECT_THAT(worker.log_lines().back(), HasSubstr("'reports'"));
}

using WorkerSetUp = support::WorkerTest;

TEST_F(WorkerSetUp, WhereOthersKeepItFromTablesThatAreTooOldSaysWhoTheyAre) {
  const auto own = [&](const std::string& sql) { return detail::in_schema(sql, schema.name()); };
  app.database().exec(own("DROP TABLE {schema}.home, {schema}.app"));
  app.database().exec(own("DELETE FROM {schema}.migration WHERE version > 1"));
  pqxx::connection connection{schema.url("holder")};
  pqxx::work holder{connection};
  holder.exec(own("LOCK TABLE {schema}.ledger IN ACCESS SHARE MODE; CREATE TABLE {schema}.home ()"));
  auto& worker = start_worker(Start{.options = {"--processes", "0"}, .wait = false});
  EXPECT_EQ(worker.exit_code(), 3) << worker.log();
  EXPECT_THAT(worker.log(),
              AllOf(HasSubstr("the tables of jobs cannot be brought up to date yet; trying again"),
                    HasSubstr("('holder')"), HasSubstr("nothing was changed")));
}

}  // namespace
}  // namespace aftercommit
