// The `aftercommit` command where a server is away: it shows what the others hold, says what is missing, and
// takes no part of it for the whole.
#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/fixtures/cli_fixture.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::End;
using support::run_cli;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNoDatabase = "--database=default=postgresql://127.0.0.1:1/none";
constexpr const char* kNoReports = "--database=reports=postgresql://127.0.0.1:1/none";

class CliOutage : public support::CliTest {
 protected:
  using CliTest::CliTest;

  End run_beside(const char* option, std::vector<std::string> words) {
    words.emplace_back(option);
    return run_cli(std::move(words), environment());
  }
  /// The same in JSON; something has to be missing.
  json json_beside(const char* option, std::vector<std::string> words) {
    words.emplace_back("--json");
    const auto end = run_beside(option, std::move(words));
    EXPECT_EQ(end.exit_code, 3) << end.error;
    return json::parse(end.output);
  }

  JobId die_in_redis(long id = 1) {
    other(id);
    return die();
  }
  JobId die_in_table(long id = 1) {
    durable(id);
    return die();
  }
};

using CliWithoutDatabase = CliOutage;
using CliWithoutOneDatabase = CliOutage;

class CliWithoutRedis : public CliOutage {
 protected:
  CliWithoutRedis() : CliWithoutRedis{std::make_unique<support::PrivateRedis>()} {}
  explicit CliWithoutRedis(std::unique_ptr<support::PrivateRedis> server)
      : CliOutage{server->url()}, server_{std::move(server)} {}

  std::unique_ptr<support::PrivateRedis> server_;
};

TEST_F(CliWithoutRedis, StatsCountTheDurableJobsAndSayThatRedisDoesNotAnswer) {
  die_in_table(1);
  die_in_redis(2);
  durable(3);
  server_->kill();
  const auto text = run({"stats"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.output, ContainsRegex("\nmail +\\? +\\? +\\? +0 +1\\+ +\\? +1 +"));
  EXPECT_THAT(text.error,
              HasSubstr("aftercommit: what Redis holds is not counted, because it does not answer: "));

  const auto end = run({"stats", "--json"});
  EXPECT_EQ(end.exit_code, 3);
  const auto stats = json::parse(end.output);
  EXPECT_EQ(stats.at("redis_answers"), false);
  EXPECT_EQ(stats.at("databases_answer"), true);
  EXPECT_EQ(stats.at("sum").at("durable"), 1);
  EXPECT_EQ(stats.at("sum").at("ready"), nullptr) << "unknown is not none";
  EXPECT_EQ(stats.at("sum").at("dead"), nullptr) << "nor is a part the whole";
  EXPECT_EQ(stats.at("sum").at("at_least"), json::parse(R"({"dead": 1})"));
  EXPECT_EQ(stats.at("queues").at(0).at("dead"), nullptr);
  EXPECT_EQ(stats.at("queues").at(0).at("workers"), nullptr);
}

TEST_F(CliWithoutDatabase, StatsCountWhatRedisHolds) {
  die_in_table(1);
  die_in_redis(2);
  durable(3);
  const auto text = run_beside(kNoDatabase, {"stats"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.output,
              ContainsRegex("\nmail +1 +0 +0 +\\? +1\\+ +[0-9]+ [a-z]+ +\\? +\\? +\\? +0/s +0\n"));
  EXPECT_THAT(
      text.error,
      HasSubstr("what database 'default' holds is not counted, because it does not answer: cannot connect"));

  const auto stats = json_beside(kNoDatabase, {"stats"});
  EXPECT_EQ(stats.at("databases_answer"), false);
  EXPECT_EQ(stats.at("databases_away"), json::parse(R"(["default"])"));
  EXPECT_EQ(stats.at("sum").at("ready"), 1);
  EXPECT_EQ(stats.at("sum").at("durable"), nullptr);
  EXPECT_EQ(stats.at("sum").at("dead"), nullptr);
  EXPECT_EQ(stats.at("sum").at("at_least"), json::parse(R"({"dead": 1})"));
}

TEST_F(CliWithoutDatabase, StatsDoNotTakeAnEmptyRedisForAllThereIs) {
  EXPECT_EQ(run({"stats"}).output, "no queue holds anything\n");
  const auto end = run_beside(kNoDatabase, {"stats"});
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_EQ(end.output, "no queue is known of\n");
  EXPECT_EQ(json_beside(kNoDatabase, {"stats"}).at("sum").at("dead"), nullptr);
}

TEST_F(CliWithoutOneDatabase, StatsCountTheDurableJobsOfTheOthersAsAPart) {
  die_in_table(1);
  durable(2);
  const auto text = run_beside(kNoReports, {"stats"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.output, ContainsRegex("\nmail +1 +0 +0 +\\? +1\\+ +[0-9]+ [a-z]+ +1\\+ +"));
  EXPECT_THAT(text.error, HasSubstr("what database 'reports' holds is not counted"));
  EXPECT_THAT(text.error, Not(HasSubstr("'default'")));

  const auto stats = json_beside(kNoReports, {"stats"});
  EXPECT_EQ(stats.at("databases_answer"), false);
  EXPECT_EQ(stats.at("databases"), json::parse(R"(["default", "reports"])"));
  EXPECT_EQ(stats.at("databases_away"), json::parse(R"(["reports"])"));
  const auto& sum = stats.at("sum");
  EXPECT_EQ(sum.at("ready"), 1);
  for (const auto* part : {"durable", "dead"}) {
    EXPECT_EQ(sum.at(part), nullptr) << part;
    EXPECT_EQ(sum.at("at_least").at(part), 1) << part;
  }
}

TEST_F(CliWithoutRedis, ListsAndShowsTheDeadJobsOfTheTables) {
  const auto durable_one = die_in_table(1);
  const auto other_one = die_in_redis(2);
  server_->kill();
  const auto text = run({"dead", "list"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.output, HasSubstr(durable_one.str()));
  EXPECT_THAT(text.error,
              HasSubstr("aftercommit: the dead jobs in Redis are not listed, because it does not answer: "));
  const auto list = json::parse(run({"dead", "list", "--json", "--queue", "mail"}).output);
  EXPECT_EQ(list.at("dead").size(), 1U);
  EXPECT_EQ(list.at("redis_answers"), false);
  EXPECT_EQ(list.at("databases_answer"), true);

  EXPECT_EQ(run({"dead", "show", durable_one.str()}).exit_code, 0);
  for (const std::string verb : {"show", "retry", "delete"}) {
    const auto end = run({"dead", verb, other_one.str()});
    EXPECT_EQ(end.exit_code, 3) << "it may well be there";
    EXPECT_THAT(end.error, HasSubstr("no dead job that could be looked at has the id " + other_one.str()));
    EXPECT_THAT(end.error, HasSubstr("the dead jobs in Redis were not looked at"));
  }
}

TEST_F(CliWithoutDatabase, ListsShowsAndRetriesTheDeadJobsOfRedis) {
  const auto durable_one = die_in_table(1);
  const auto other_one = die_in_redis(2);
  const auto text = run_beside(kNoDatabase, {"dead", "list"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.output, HasSubstr(other_one.str()));
  EXPECT_THAT(text.output, Not(HasSubstr(durable_one.str())));
  EXPECT_THAT(text.error,
              HasSubstr("aftercommit: the dead jobs in database 'default' are not listed, because "
                        "it does not answer: cannot connect"));
  const auto list = json_beside(kNoDatabase, {"dead", "list"});
  EXPECT_EQ(list.at("dead").size(), 1U);
  EXPECT_EQ(list.at("databases_away"), json::parse(R"(["default"])"));

  EXPECT_EQ(run_beside(kNoDatabase, {"dead", "show", other_one.str()}).exit_code, 0);
  for (const std::string verb : {"show", "retry", "delete"}) {
    const auto end = run_beside(kNoDatabase, {"dead", verb, durable_one.str()});
    EXPECT_EQ(end.exit_code, 3) << "it may well be there";
    EXPECT_THAT(end.error, HasSubstr("no dead job that could be looked at has the id " + durable_one.str()));
  }
  const auto retried = run_beside(kNoDatabase, {"dead", "retry", other_one.str()});
  EXPECT_EQ(retried.exit_code, 0) << retried.error;
  EXPECT_EQ(retried.output, "retried 1 job\n");
  EXPECT_EQ(read(fetch().payload).id, other_one);
}

TEST_F(CliWithoutDatabase, DoesNotSayThatThereAreNoDeadJobs) {
  die_in_table();
  EXPECT_EQ(run_beside(kNoDatabase, {"dead", "list"}).output, "no dead jobs are known of\n");
  EXPECT_EQ(run_beside(kNoReports, {"dead", "list", "--task", "nothing"}).output,
            "no dead jobs are known of\n");
}

TEST_F(CliWithoutOneDatabase, ChangesTheDeadJobsOfTheOthersAndSaysWhichItHasNotSeen) {
  die_in_table(1);
  die_in_redis(2);
  EXPECT_EQ(json_beside(kNoReports, {"dead", "list"}).at("dead").size(), 2U);
  const auto change = [&](const std::string& verb) {
    const auto end = run_beside(kNoReports, {"dead", verb, "--all"});
    EXPECT_EQ(end.exit_code, 3);
    EXPECT_THAT(end.error, HasSubstr("the dead jobs in database 'reports' were not looked at, because"));
    return end.output;
  };
  EXPECT_EQ(change("retry"), "retried 2 jobs\n");
  die(), die();
  EXPECT_EQ(change("delete"), "deleted 2 dead jobs\n");
}

TEST_F(CliWithoutRedis, RetriesDurableJobsAndLeavesThemToTheRelay) {  // P6
  const auto first = die_in_table(1);
  die_in_table(2);
  server_->kill();
  const auto one = run({"dead", "retry", first.str()});
  EXPECT_EQ(one.exit_code, 0) << one.error;
  EXPECT_THAT(one.output, HasSubstr("retried 1 job\n1 of them stand in the job table only"));
  EXPECT_TRUE(table.find(first).has_value());

  const auto all = run({"dead", "retry", "--all"});
  EXPECT_EQ(all.exit_code, 3) << "what Redis keeps was not looked at";
  EXPECT_THAT(all.output, HasSubstr("retried 1 job\n"));
  EXPECT_THAT(all.error, HasSubstr("the dead jobs in Redis were not looked at"));
}

TEST_F(CliOutage, IsNoneWhereNoDatabaseWasGivenAndThatIsSaid) {
  die_in_redis();
  const std::map<std::string, std::string> redis_alone{{"REDIS_URL", app.options().redis_url}};
  for (const auto& words : std::vector<std::vector<std::string>>{{"stats"}, {"dead", "list"}}) {
    const auto end = run_cli(words, redis_alone);
    EXPECT_EQ(end.exit_code, 0) << end.error;
    EXPECT_THAT(end.output,
                HasSubstr("\nNo database was given (--database, or DATABASE_URL): durable jobs were "
                          "not looked for.\n"));
  }
  const auto end = run_cli({"stats", "--json"}, redis_alone);
  EXPECT_EQ(json::parse(end.output).at("databases"), json::array());
}

}  // namespace
}  // namespace aftercommit
