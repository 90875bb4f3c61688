// The `aftercommit` command from outside: what it prints, what it changes, and how it ends.
#include <gmock/gmock.h>

#include <algorithm>

#include "client/job_table/home.hpp"
#include "client/job_table/migrations.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "worker/relay/relay.hpp"

namespace aftercommit {
namespace {

using support::End;
using support::kAnn;
using support::run_cli;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;
using nlohmann::json;

/// One line on standard error, that begins with the program's name, and nothing else.
void expect_one_sentence(const End& end, int exit_code) {
  EXPECT_EQ(end.exit_code, exit_code) << end.error;
  EXPECT_EQ(end.output, "");
  EXPECT_TRUE(end.error.starts_with("aftercommit: ")) << end.error;
  EXPECT_EQ(std::ranges::count(end.error, '\n'), 1) << end.error;
}

TEST(CliCommand, PrintsHelpAndVersionToStandardOutput) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                 {"migrate", "--help"},
                                                                 {"stats", "--help"},
                                                                 {"dead", "--help"},
                                                                 {"dead", "list", "--help"},
                                                                 {"dead", "show", "--help"},
                                                                 {"dead", "retry", "--help"},
                                                                 {"dead", "delete", "--help"},
                                                                 {"audit", "--help"},
                                                                 {"doctor", "--help"},
                                                                 {"top", "--help"},
                                                                 {"completion", "--help"},
                                                                 {"new-token", "--help"}}) {
    const auto help = run_cli(words);
    EXPECT_EQ(help.exit_code, 0) << words.front();
    EXPECT_EQ(help.error, "");
    EXPECT_THAT(help.output, HasSubstr("Exit codes"));
  }
  EXPECT_THAT(run_cli({"--version"}).output, ::testing::MatchesRegex("aftercommit [0-9.]+\n"));
}

class CliWrongOption : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(CliWrongOption, IsOneSentenceAndExitCode2) {
  const auto end = run_cli(GetParam());
  expect_one_sentence(end, 2);
  EXPECT_THAT(end.error, Not(HasSubstr("canary")));
}

using Words = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    Options, CliWrongOption,
    ::testing::Values(Words{}, Words{"nonsense"}, Words{"dead"}, Words{"dead", "bury"}, Words{"adopt"},
                      Words{"adopt", "--all", "--queue", "mail"}, Words{"adopt", "--queue", "a b"},
                      Words{"stats", "--nonsense"}, Words{"stats", "extra"}, Words{"stats", "5"},
                      Words{"stats", "--watch", "0"}, Words{"stats", "--rate", "x"},
                      Words{"doctor", "--concurrency", "0"}, Words{"top"}, Words{"top", "--every", "0"},
                      Words{"completion"}, Words{"completion", "fish"}, Words{"stats", "redis://u:canary@h"},
                      Words{"redis://u:canary@h"}, Words{"dead", "show", "redis://u:canary@h"},
                      Words{"stats", "--redis"}, Words{"pause"}, Words{"pause", "a b"},
                      Words{"resume", "mail", "slow"}, Words{"stats", "--schema", "{}"}, Words{"migrate"},
                      Words{"migrate", "--from", "0"}, Words{"new-token"}, Words{"new-token", "--all"},
                      Words{"migrate", "--print", "--from", "99"}, Words{"migrate", "--json"}, Words{"audit"},
                      Words{"audit", "--pause", "-1"}, Words{"audit", "--pause", "nan"},
                      Words{"dead", "show"}, Words{"dead", "show", "42"},
                      Words{"dead", "list", "--limit", "0"}, Words{"dead", "list", "--queue", "a b"},
                      Words{"dead", "list", "--task", ""}, Words{"dead", "retry"},
                      Words{"dead", "retry", "--queue", "mail"},
                      Words{"dead", "retry", "--all", "--task", "x"}, Words{"dead", "delete", "--task", ""},
                      Words{"dead", "delete", "letter-0123456789abcdef", "--queue", "mail"}));

class CliServersAway : public ::testing::TestWithParam<Words> {};

TEST_P(CliServersAway, AreASentenceEachAndExitCode3WithoutThePassword) {
  auto words = GetParam();
  for (const auto& option :
       {"--redis=redis://u:canary@127.0.0.1:1", "--database=postgresql://u:canary@127.0.0.1:1/x"})
    words.emplace_back(option);
  const auto end = run_cli(words);
  EXPECT_EQ(end.exit_code, 3) << end.error;
  EXPECT_EQ(end.output, "");
  const bool asks_redis = words.front() != "migrate" && words.front() != "new-token";
  EXPECT_EQ(std::ranges::count(end.error, '\n'), asks_redis ? 2 : 1) << end.error;
  EXPECT_EQ(end.error.find("aftercommit: cannot connect to Redis") == 0, asks_redis) << end.error;
  EXPECT_THAT(end.error, HasSubstr("aftercommit: cannot connect to database 'default'"));
  EXPECT_THAT(end.error, Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(Commands, CliServersAway,
                         ::testing::Values(Words{"migrate"}, Words{"new-token"}, Words{"stats"},
                                           Words{"dead", "list"}, Words{"audit"},
                                           Words{"dead", "show", "letter-0123456789abcdef"},
                                           Words{"dead", "retry", "--all"},
                                           Words{"dead", "delete", "--all"}));

TEST(CliMigrate, SaysFromWhichVersionToWhich) {
  const support::Schema schema;
  const std::map<std::string, std::string> environment{
      {"DATABASE_URL_REPORTS", schema.url()}, {"DATABASE_URL", "postgresql://127.0.0.1:1/not_asked_for"}};
  const Words words{"migrate", "--database", "reports", "--schema", schema.name()};
  const auto version = std::to_string(detail::kSchemaVersion);
  const auto first = run_cli(words, environment);
  EXPECT_EQ(first.exit_code, 0) << first.error;
  EXPECT_EQ(first.output, "schema " + schema.name() + " of database reports: version 0 -> " + version + "\n");
  EXPECT_EQ(run_cli(words, environment).output,
            "schema " + schema.name() + " of database reports is up to date (version " + version + ")\n");
}

TEST(CliMigrate, PrintsTheScriptWithoutAServer) {
  const auto whole = run_cli({"migrate", "--print", "--schema", "my shop"});
  EXPECT_EQ(whole.exit_code, 0) << whole.error;
  EXPECT_EQ(whole.output, detail::migration_script("my shop"));
  const auto version = std::to_string(detail::kSchemaVersion);
  EXPECT_EQ(run_cli({"migrate", "--print", "--from", version}).output,
            detail::migration_script("aftercommit", detail::kSchemaVersion));
}

TEST(CliMigrate, IsAskedForWhereTheTablesAreMissing) {
  const support::Schema schema;
  const auto end = run_cli({"stats", "--schema", schema.name()},
                           {{"REDIS_URL", support::fresh_redis_url()}, {"DATABASE_URL", schema.url()}});
  expect_one_sentence(end, 3);
  EXPECT_THAT(end.error, HasSubstr("aftercommit migrate"));
}

using Cli = support::CliTest;

TEST_F(Cli, PausesAQueueWhichStatsShowUntilItIsResumed) {
  const auto says = [&](const char* command) { return run({command, "mail"}).output; };
  EXPECT_THAT(says("pause"), HasSubstr("queue mail is paused, in database 'default'"));
  EXPECT_THAT(says("pause"), HasSubstr("was paused before"));
  EXPECT_EQ(run_json({"stats"}).at("queues").at(0).at("paused"), true) << "though it holds nothing";
  EXPECT_THAT(run({"stats"}).output, HasSubstr("Queue mail is paused"));
  calls.broker.pause("mail");
  EXPECT_THAT(says("resume"), HasSubstr("queue mail is resumed, in database 'default', Redis"));
  EXPECT_THAT(says("resume"), HasSubstr("was not paused"));
  EXPECT_EQ(run_cli({"pause", "mail"}, {{"REDIS_URL", app.options().redis_url}}).exit_code, 0);
  EXPECT_TRUE(calls.broker.counts("mail").paused) << "where there is no database";
}

TEST_F(Cli, StatsCountWhatRedisAndTheJobTableHold) {
  durable(1), die();
  other(2), die();
  durable(3), fetch();
  durable(4);
  durable(5, {.countdown = 1h});
  outside("SELECT " + schema().name() + ".enqueue('receipt', '[6]', queue => 'slow')");

  const auto stats = run_json({"stats"});
  ASSERT_EQ(stats.at("queues").size(), 2U);
  auto mail = stats.at("queues").at(0);
  EXPECT_GE(mail.at("oldest_ms"), 0);
  EXPECT_GE(mail.at("oldest_durable_ms"), 0);
  EXPECT_GE(mail.at("relay_lag_ms"), 0);
  mail.erase("oldest_ms"), mail.erase("oldest_durable_ms"), mail.erase("relay_lag_ms");
  EXPECT_EQ(mail,
            json::parse(R"({"queue": "mail", "ready": 1, "delayed": 1, "running": 1, "retrying": 0, "dead": 2,
                     "durable": 3, "rate_per_s": 0,
                     "ready_by_level": {"critical": 0, "high": 0, "normal": 1, "low": 0}, "paused": false,
                     "workers": 0, "declared_by": null})"));
  const auto& slow = stats.at("queues").at(1);
  EXPECT_EQ(slow.at("queue"), "slow") << "it is in the job table alone";
  EXPECT_EQ(slow.at("durable"), 1);
  EXPECT_EQ(slow.at("oldest_ms"), nullptr);
  EXPECT_EQ(stats.at("sum").at("durable"), 4);

  const auto table_text = run({"stats"});
  EXPECT_EQ(table_text.exit_code, 0);
  EXPECT_THAT(table_text.output, HasSubstr("\nmail "));
  EXPECT_THAT(table_text.output, HasSubstr("\nslow "));
}

TEST_F(Cli, StatsNameTheQueuesWhoseJobsNoWorkerServes) {
  durable(1);
  const std::vector<Queue> slow{"slow"};
  calls.broker.renew_lease(kAnn, slow, 60s);
  outside("SELECT " + schema().name() + ".enqueue('receipt', '[6]', queue => 'slow')");
  const auto output = run({"stats", "--rate", "0"}).output;
  EXPECT_THAT(output, HasSubstr("No worker serves queue mail: its jobs wait.\n"));
  EXPECT_THAT(output, Not(HasSubstr("queue slow")));
  EXPECT_EQ(run_json({"stats", "--rate", "0"}).at("queues").at(1).at("workers"), 1);
}

TEST_F(Cli, StatsShowAQueueThatATaskIsDeclaredForAndNobodyServesThoughNoJobWaits) {
  const DeclaredQueue declared{"mail", "receipt"};
  calls.broker.declare_queues({&declared, 1}, 1h);
  const auto output = run({"stats"}).output;
  EXPECT_THAT(output, HasSubstr("\nmail "));
  EXPECT_THAT(output, HasSubstr("No worker serves queue mail, which the task receipt is declared for.\n"));
  const auto mail = run_json({"stats"}).at("queues").at(0);
  EXPECT_EQ(mail.at("declared_by"), "receipt");
  EXPECT_EQ(mail.at("workers"), 0);

  const std::vector<Queue> served{"mail"};
  calls.broker.renew_lease(kAnn, served, 60s);
  EXPECT_THAT(run({"stats", "--rate", "0"}).output, Not(HasSubstr("No worker")));
}

TEST_F(Cli, StatsMeasureARateWhereOneIsAskedForAndElseKeepNoScriptWaiting) {
  durable(1);
  calls.broker.renew_lease(kAnn, support::kMail, 60s);
  EXPECT_EQ(run_json({"stats"}).at("sum").at("rate_per_s"), nullptr);
  EXPECT_EQ(run_json({"stats", "--rate", "0.05"}).at("sum").at("rate_per_s"), 0);
}

TEST_F(Cli, StatsAreWatchedUntilASignalEndsItEachLookALineOfJson) {
  durable(1);
  auto words = Words{AFTERCOMMIT_CLI, "stats", "--watch", "0.1", "--json"};
  support::WorkerProcess watching{words, environment()};
  ASSERT_TRUE(support::eventually([&] { return std::ranges::count(watching.output(), '\n') >= 2; }));
  watching.signal(SIGTERM);
  EXPECT_EQ(watching.exit_code(), 128 + SIGTERM);
  const auto output = watching.output();
  const auto first = output.find('\n');
  const auto second = json::parse(output.substr(first + 1, output.find('\n', first + 1) - first - 1));
  EXPECT_EQ(second.at("sum").at("durable"), 1);
  EXPECT_GE(second.at("queues").at(0).at("rate_per_s"), 0) << "by the look before";
}

TEST_F(Cli, AdoptSaysThatAQueueBelongsToItsDatabasesAndForgetsItsApps) {
  const std::vector<Queue> both{"mail", "slow"};
  const HomeClaim others{
      .databases = {{"default", "another-token", "staging"}}, .app = "forum", .tasks = {"post"}};
  calls.broker.claim_home(others, both);
  detail::enter_app(database, others, both);
  const auto end = run({"adopt", "--queue", "mail"});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  EXPECT_THAT(end.output, HasSubstr("queue mail: 'default' is "));
  const HomeClaim ours{.databases = {detail::read_home(database)}, .app = "shop", .tasks = {"pay"}};
  const auto found = calls.broker.claim_home(ours, both);
  EXPECT_TRUE(found.at(0).empty());
  EXPECT_EQ(found.at(1).size(), 2U) << "of the other queue nothing is forgotten";
  const auto apps = detail::find_other_apps(database, ours, both);
  ASSERT_EQ(apps.size(), 1U);
  EXPECT_EQ(apps[0].queue, "slow");

  EXPECT_EQ(run({"adopt", "--all"}).exit_code, 0);
  EXPECT_TRUE(calls.broker.claim_home(ours, both).at(1).empty());
}

TEST_F(Cli, NewTokenMakesOfADatabaseAnotherOneAndSaysWhichJobsItBringsAlong) {
  const auto before = detail::read_home(database);
  const HomeClaim original{.databases = {before}};
  calls.broker.claim_home(original, support::kMail);
  const auto end = run({"new-token"});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  EXPECT_THAT(end.output, HasSubstr("schema " + schema().name() + " of database default has a new token"));
  EXPECT_THAT(end.output, Not(HasSubstr("TRUNCATE")));
  const auto after = detail::read_home(database);
  EXPECT_EQ(after.instance, before.instance);
  const auto found = calls.broker.claim_home({.databases = {after}}, support::kMail).at(0);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, HomeFinding::Kind::kOtherDatabase);

  durable(1);
  EXPECT_THAT(run({"new-token"}).output, AllOf(HasSubstr("it holds 1 durable job"),
                                               HasSubstr("TRUNCATE \"" + schema().name() + "\".job\n")));
}

TEST_F(Cli, NewTokenIsForTheOwnerOfTheTablesAlone) {
  const auto role = support::unique_name("worker");
  outside("CREATE ROLE " + role + " LOGIN; GRANT USAGE ON SCHEMA " + schema().name() + " TO " + role);
  outside("GRANT SELECT ON ALL TABLES IN SCHEMA " + schema().name() + " TO " + role);
  auto url = support::database_url();
  url += (url.find('?') == std::string::npos ? "?" : "&") + std::string{"options=-crole%3D"} + role;
  const auto token = detail::read_home(database).token;
  expect_one_sentence(run({"new-token", "--database", url}), 3);
  EXPECT_EQ(detail::read_home(database).token, token);
  outside("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(Cli, StatsCountARowThatIsNoJob) {  // P9
  outside("INSERT INTO " + schema().name() +
          ".job (id, queue, envelope) VALUES (gen_random_uuid(), 'mail', 'hello')");
  EXPECT_EQ(run_json({"stats"}).at("sum").at("durable"), 1);
}

TEST_F(Cli, ListsDeadJobsOfTheTableAndOfRedisTheNewestFirst) {
  durable(4711);
  const auto first = die("one");
  outside("UPDATE " + schema().name() + ".dead SET died_at = died_at - interval '1 minute'");  // beyond doubt
  other(4712);
  const auto second = die("two\nsteer \x1b[31m the terminal");
  const auto list = run_json({"dead", "list"}).at("dead");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list.at(0).at("id"), second.str());
  EXPECT_EQ(list.at(0).at("durable"), false);
  EXPECT_EQ(list.at(1).at("id"), first.str());
  EXPECT_EQ(list.at(1).at("database"), "default");
  EXPECT_EQ(list.at(1).at("task"), "receipt");
  EXPECT_EQ(list.at(1).at("cause"), "rejected");
  EXPECT_EQ(list.at(1).at("attempts"), 1);

  const auto text = run({"dead", "list"}).output;
  EXPECT_THAT(text, HasSubstr("two\\nsteer"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("471"))) << "arguments are nobody's business in a list";
}

TEST_F(Cli, ListsOfOneQueueOrTaskAndNotMoreThanAsked) {
  for (const long id : {1, 2, 3}) durable(id), die();
  const auto two = run_json({"dead", "list", "--limit", "2"});
  EXPECT_EQ(two.at("dead").size(), 2U);
  EXPECT_EQ(two.at("more"), true);
  EXPECT_EQ(run_json({"dead", "list", "--limit", "3"}).at("more"), false);
  EXPECT_THAT(run({"dead", "list", "--limit", "2"}).output, HasSubstr("(the newest 2: --limit lists more"));
  EXPECT_THAT(run({"dead", "list", "--limit", "3"}).output, Not(HasSubstr("--limit")));
  EXPECT_EQ(run_json({"dead", "list", "--queue", "mail", "--task", "receipt"}).at("dead").size(), 3U);
  EXPECT_EQ(run_json({"dead", "list", "--queue", "slow"}).at("dead").size(), 0U);
  EXPECT_EQ(run_json({"dead", "list", "--task", "nothing"}).at("dead").size(), 0U);
}

TEST_F(Cli, ShowsArgumentsAndErrorsOfOneDeadJob) {
  for (const bool kept_in_table : {true, false}) {
    kept_in_table ? durable(4711) : other(4711);
    const auto job = die("no such order");
    const auto shown = run_json({"dead", "show", job.str()});
    EXPECT_EQ(shown.at("durable"), kept_in_table);
    EXPECT_EQ(shown.at("args"), json::parse("[4711]"));
    EXPECT_EQ(shown.at("errors").at(0).at("error"), "no such order");
    EXPECT_THAT(run({"dead", "show", job.str()}).output, HasSubstr("[4711]"));
  }
}

TEST_F(Cli, RetriesADeadJobWithItsIdItsErrorsAndANewFirstAttempt) {
  for (const bool kept_in_table : {true, false}) {
    kept_in_table ? durable(7) : other(7);
    const auto job = die("no such order");
    const auto end = run({"dead", "retry", job.str()});
    EXPECT_EQ(end.exit_code, 0) << end.error;
    EXPECT_EQ(end.output, "retried 1 job\n");
    const auto again = read(fetch().payload);
    EXPECT_EQ(again.id, job);
    EXPECT_EQ(again.attempt, 1);
    EXPECT_EQ(again.errors.size(), 1U);
    EXPECT_EQ(table.find(job).has_value(), kept_in_table);
    EXPECT_TRUE(run_json({"dead", "list"}).at("dead").empty());
  }
}

TEST_F(Cli, RetriesAllOfATaskOrOfAQueueAndSaysHowMany) {
  for (const long id : {1, 2}) durable(id), die();
  other(3), die();
  EXPECT_EQ(run({"dead", "retry", "--task", "nothing"}).output, "retried 0 jobs\n");
  EXPECT_EQ(run({"dead", "retry", "--all", "--queue", "slow"}).output, "retried 0 jobs\n");
  EXPECT_EQ(run({"dead", "retry", "--task", "receipt", "--queue", "mail"}).output, "retried 3 jobs\n");
  EXPECT_EQ(calls.counts().ready, 3);
}

TEST_F(Cli, RetriesAndDeletesMoreThanOnePageOfThem) {
  for (long id = 0; id < 130; ++id) durable(id), die(), other(id), die();
  EXPECT_EQ(run_json({"dead", "list", "--limit", "1000"}).at("dead").size(), 260U);
  EXPECT_EQ(run({"dead", "retry", "--all"}).output, "retried 260 jobs\n");
  for (int i = 0; i < 260; ++i) die();
  EXPECT_EQ(run({"dead", "delete", "--all"}).output, "deleted 260 dead jobs\n");
}

TEST_F(Cli, DeletesDeadJobsAndSaysHowMany) {
  durable(1);
  const auto first = die();
  for (const long id : {2, 3}) durable(id), die();
  other(4), die();
  EXPECT_EQ(run({"dead", "delete", first.str(), first.str()}).output, "deleted 1 dead job\n");
  EXPECT_EQ(run({"dead", "delete", "--all"}).output, "deleted 3 dead jobs\n");
  EXPECT_TRUE(run_json({"dead", "list"}).at("dead").empty());
  EXPECT_EQ(calls.counts().ready, 0);
}

TEST_F(Cli, SaysWhichIdNoDeadJobHas) {
  const auto unknown = JobId::generate().str();
  for (const std::string verb : {"show", "retry", "delete"}) {
    const auto end = run({"dead", verb, unknown});
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_EQ(end.error, "aftercommit: no dead job has the id " + unknown + "\n");
  }
}

TEST_F(Cli, CannotRetryALetterWithoutAJobAndCanDeleteIt) {
  calls.enqueue({{.queue = "mail", .payload = "hello"}});
  const auto letter = encode(DeadLetter{.cause = DeadLetter::Cause::kMalformed,
                                        .reason = "not JSON",
                                        .worker = "ann",
                                        .at = std::chrono::system_clock::now(),
                                        .entry = "1-1",
                                        .raw = "hello"});
  const auto fetched = fetch();
  const Settlement bury{Settlement::Kind::kBury, "mail", fetched.entry, letter};
  calls.broker.settle(support::kAnn, {&bury, 1});
  redis.ask("ZADD", redis.mail().dead, "1", "something else");

  const auto list = run_json({"dead", "list"}).at("dead");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list.at(0).at("cause"), "malformed");
  EXPECT_EQ(list.at(1).at("cause"), "unreadable");
  const std::string handle = list.at(0).at("id");
  EXPECT_EQ(run_json({"dead", "show", handle}).at("received"), "hello");

  const auto one = run({"dead", "retry", handle});
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_THAT(one.error, HasSubstr("could not be read as a job: not JSON"));
  const auto all = run({"dead", "retry", "--all"});
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_EQ(std::ranges::count(all.error, '\n'), 2) << all.error;
  EXPECT_EQ(run({"dead", "delete", handle}).output, "deleted 1 dead job\n");
  EXPECT_EQ(run({"dead", "delete", "--all"}).output, "deleted 1 dead job\n");
}

TEST_F(Cli, DoesNotRetryAJobThatHasExpired) {
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit}) {
    receipt.apply_async({.queue = "mail", .expires = 1h, .delivery = delivery}, 1);
    const auto fetched = fetch();
    auto job = read(fetched.payload);
    job.expires_at = std::chrono::system_clock::now() - 1s;
    bury(fetched, job, "too late");
    const auto end = run({"dead", "retry", job.id.str()});
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_THAT(end.error, HasSubstr("expired"));
    EXPECT_TRUE(run_json({"dead", "show", job.id.str()}).contains("args")) << "it is still there";
  }
}

TEST_F(Cli, DoesNotRetryAJobThatWaitsToRunAsWell) {
  durable(1);
  const auto job = die();
  const auto letter = table.find_dead(job)->letter;
  ASSERT_TRUE(table.revive(job));
  table.bury_lost(job, "mail", letter);
  const auto end = run({"dead", "retry", job.str()});
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.error, HasSubstr("stands in the job table as well"));
}

/// The moment after a death: the row has moved, and the worker has still to tell Redis.
class CliDeadRetryInTheMoment : public Cli {
 protected:
  CliDeadRetryInTheMoment() {
    durable(7);
    dying_ = fetch();
    auto job = read(dying_.payload);
    id_ = job.id;
    add_error(job, {.attempt = 1, .at = std::chrono::system_clock::now(), .worker = "ann", .error = "no"});
    const auto letter = encode(DeadLetter{.cause = DeadLetter::Cause::kRejected,
                                          .reason = "no",
                                          .worker = "ann",
                                          .at = std::chrono::system_clock::now(),
                                          .entry = dying_.entry,
                                          .raw = {},
                                          .job = job});
    EXPECT_TRUE(table.bury(id_, 1, letter));
  }

  void tell_redis() {
    const Settlement end{
        .kind = Settlement::Kind::kAck, .queue = "mail", .entry = dying_.entry, .durable = id_};
    EXPECT_EQ(calls.broker.settle(support::kAnn, {&end, 1}).at(0), Settled::kDone);
  }
  void sweep() {
    const std::unique_ptr<Broker> broker = make_broker(app.options().redis_url);
    worker::Sweeper{*broker, database, {"mail"}, defaults::kPayloadLimit}.sweep();
  }
  void retry_now() {
    const auto end = run({"dead", "retry", id_.str()});
    EXPECT_EQ(end.exit_code, 0) << end.error;
    EXPECT_THAT(end.output,
                HasSubstr("retried 1 job\n1 of them stand in the job table only, because Redis has "
                          "still to hear how they ended before; a worker's relay brings them\n"));
  }
  void expect_it_runs() {
    EXPECT_EQ(read(fetch().payload).id, id_);
    EXPECT_TRUE(table.find(id_).has_value());
  }

  Fetched dying_;
  JobId id_ = JobId::generate();
};

TEST_F(CliDeadRetryInTheMoment, BringsTheJobBackThoughTheLastWordOfItsWorkerComesLater) {  // P6
  retry_now();
  sweep();
  tell_redis();
  expect_it_runs();
  sweep();
  EXPECT_EQ(calls.counts().ready, 0) << "and no copy more";
}

TEST_F(CliDeadRetryInTheMoment, BringsTheJobBackThoughTheLastWordOfItsWorkerComesBeforeTheRelay) {  // P6
  retry_now();
  tell_redis();
  sweep();
  expect_it_runs();
}

TEST_F(CliDeadRetryInTheMoment, BringsTheJobBackThoughItsWorkerDiesInIt) {  // P6
  retry_now();
  sweep();
  const std::vector<Queue> queues{"mail"};
  EXPECT_EQ(calls.broker.recover(support::kAnn, queues, 10, ""), 1U);
  expect_it_runs();  // the old copy or the new one: the row decides
}

TEST_F(CliDeadRetryInTheMoment, IsOnceARelayHasBroughtItNoneThatAnotherBringsAgain) {
  tell_redis();
  EXPECT_EQ(run({"dead", "retry", id_.str()}).output, "retried 1 job\n");
  sweep();
  EXPECT_EQ(calls.counts().ready, 1);
}

}  // namespace
}  // namespace aftercommit
