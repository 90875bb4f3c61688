// What the worker's options mean, and how it refuses those that mean nothing.
#include "worker/settings/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "aftercommit/error.hpp"

namespace aftercommit::worker {
namespace {

using ::testing::HasSubstr;

std::variant<Options, PrintAndExit> parse(std::vector<const char*> arguments, bool needs_app = false) {
  arguments.insert(arguments.begin(), "worker");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), needs_app);
}

Options options(std::vector<const char*> arguments) { return std::get<Options>(parse(std::move(arguments))); }

/// The sentence with which they are refused.
std::string refusal(std::vector<const char*> arguments, bool needs_app = false) {
  try {
    parse(std::move(arguments), needs_app);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "not refused";
}

/// A variable of the environment for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_{name} { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

std::vector<std::pair<std::string, int>> queues(const char* text) {
  std::vector<std::pair<std::string, int>> result;
  for (const auto& choice : options({"--queues", text}).queues)
    result.emplace_back(choice.name, choice.weight);
  return result;
}

using Queues = std::vector<std::pair<std::string, int>>;

TEST(CommandLine, HasADefaultForEverythingButTheApp) {
  const auto given = options({});
  const Options expected;
  EXPECT_EQ(given.app_path, "");
  ASSERT_EQ(given.queues.size(), 1u);
  EXPECT_EQ(given.queues[0].name, "default");
  EXPECT_EQ(given.concurrency, expected.concurrency);
  EXPECT_EQ(given.prefetch, expected.prefetch);
  EXPECT_EQ(given.redis_url, "");
  EXPECT_TRUE(given.database_urls.empty());
  EXPECT_EQ(given.shutdown_timeout, expected.shutdown_timeout);
  EXPECT_EQ(given.unknown_task_grace, expected.unknown_task_grace);
  EXPECT_EQ(given.time_limit, expected.time_limit);
  EXPECT_EQ(given.soft_time_limit, expected.soft_time_limit);
  EXPECT_EQ(given.lease, expected.lease);
  EXPECT_EQ(given.heartbeat, expected.heartbeat);
  EXPECT_EQ(given.relay, expected.relay);
  EXPECT_EQ(given.relay_only, expected.relay_only);
  EXPECT_EQ(given.relay_interval, expected.relay_interval);
  EXPECT_EQ(given.schema, expected.schema);
  EXPECT_EQ(given.migrate, expected.migrate);
  EXPECT_EQ(given.keep_ledger, expected.keep_ledger);
  EXPECT_EQ(given.history, std::chrono::hours{0}) << "none is kept";
  EXPECT_EQ(given.processes, expected.processes);
  EXPECT_EQ(given.max_jobs, expected.max_jobs);
  EXPECT_EQ(given.max_memory_mb, expected.max_memory_mb);
  EXPECT_EQ(given.log_level, expected.log_level);
  EXPECT_FALSE(given.log_json);
}

TEST(CommandLine, TakesEachOption) {
  const auto given = options({"--app",
                              "./tasks.so",
                              "--queues",
                              "mail,default",
                              "--concurrency=3",
                              "--prefetch",
                              "7",
                              "--redis",
                              "redis://here",
                              "--database",
                              "postgresql://there/x",
                              "--shutdown-timeout",
                              "9",
                              "--unknown-task-grace",
                              "0",
                              "--lease",
                              "6",
                              "--heartbeat",
                              "1.25",
                              "--no-relay",
                              "--relay-interval",
                              "0.2",
                              "--schema",
                              "jobs",
                              "--no-migrate",
                              "--keep-ledger",
                              "3",
                              "--history",
                              "30",
                              "--processes",
                              "2",
                              "--max-jobs",
                              "1000",
                              "--max-memory",
                              "512",
                              "--log-level",
                              "debug",
                              "--log-format",
                              "json"});
  EXPECT_EQ(given.app_path, "./tasks.so");
  EXPECT_EQ(given.queues.size(), 2u);
  EXPECT_EQ(given.concurrency, 3u);
  EXPECT_EQ(given.prefetch, 7u);
  EXPECT_EQ(given.redis_url, "redis://here");
  EXPECT_EQ(given.database_urls, (std::map<std::string, std::string>{{"default", "postgresql://there/x"}}));
  EXPECT_EQ(given.shutdown_timeout, std::chrono::seconds{9});
  EXPECT_EQ(given.unknown_task_grace, std::chrono::seconds{0});
  EXPECT_EQ(given.lease, std::chrono::seconds{6});
  EXPECT_EQ(given.heartbeat, std::chrono::milliseconds{1250});
  EXPECT_FALSE(given.relay);
  EXPECT_FALSE(given.relay_only);
  EXPECT_EQ(given.relay_interval, std::chrono::milliseconds{200});
  EXPECT_EQ(given.schema, "jobs");
  EXPECT_FALSE(given.migrate);
  EXPECT_EQ(given.keep_ledger, std::chrono::hours{3 * 24});
  EXPECT_EQ(given.history, std::chrono::hours{30 * 24});
  EXPECT_EQ(given.processes, 2u);
  EXPECT_EQ(given.max_jobs, 1000u);
  EXPECT_EQ(given.max_memory_mb, 512u);
  EXPECT_EQ(given.log_level, LogLevel::kDebug);
  EXPECT_TRUE(given.log_json);
}

TEST(CommandLine, TakesADatabaseForEachAlias) {
  const auto given = options({"--database", "postgresql://a/x", "--database", "reports=postgres://b/y"});
  EXPECT_EQ(given.database_urls, (std::map<std::string, std::string>{{"default", "postgresql://a/x"},
                                                                     {"reports", "postgres://b/y"}}));
}

TEST(CommandLine, LeavesTheCommasOfADatabaseUrlAlone) {
  const char* const url = "postgresql://one,two:5433/x?options=-csearch_path%3Da,public";
  EXPECT_EQ(options({"--database", url}).database_urls.at("default"), url);
}

TEST(CommandLine, LeavesTheKeywordFormOfADatabaseAlone) {
  for (const char* const text : {"host=here dbname=x", "user=postgres host=here", "dbname=postgres"}) {
    EXPECT_EQ(options({"--database", text}).database_urls,
              (std::map<std::string, std::string>{{"default", text}}));
  }
}

TEST(CommandLine, ReadsQueuesInTheirOrderWithOrWithoutWeights) {
  EXPECT_EQ(queues("mail"), (Queues{{"mail", 0}}));
  EXPECT_EQ(queues("mail,default"), (Queues{{"mail", 0}, {"default", 0}}));
  EXPECT_EQ(queues("mail:3,default:1"), (Queues{{"mail", 3}, {"default", 1}}));
  EXPECT_EQ(queues("mail:3,default"), (Queues{{"mail", 3}, {"default", 0}}));
}

TEST(CommandLine, TakesFromTheEnvironmentWhatItIsNotGiven) {
  const Variable app{"AFTERCOMMIT_APP", "./tasks.so"};
  const Variable concurrency{"AFTERCOMMIT_CONCURRENCY", "5"};
  const Variable timeout{"AFTERCOMMIT_SHUTDOWN_TIMEOUT", "3"};
  const Variable format{"AFTERCOMMIT_LOG_FORMAT", "json"};
  const auto given = options({});
  EXPECT_EQ(given.app_path, "./tasks.so");
  EXPECT_EQ(given.concurrency, 5u);
  EXPECT_EQ(given.shutdown_timeout, std::chrono::seconds{3});
  EXPECT_TRUE(given.log_json);
}

TEST(CommandLine, TakesOptionsWithoutAValueFromTheEnvironmentAsWell) {
  for (const auto& [text, set] : {std::pair{"1", true}, {"true", true}, {"0", false}, {"false", false}}) {
    const Variable variable{"AFTERCOMMIT_NO_MIGRATE", text};
    EXPECT_EQ(options({}).migrate, !set) << text;
  }
  const Variable variable{"AFTERCOMMIT_RELAY_ONLY", "maybe"};
  EXPECT_EQ(refusal({}),
            "--relay-only is set by 1 or true in the environment and left out by 0 or false, not 'maybe'");
}

TEST(CommandLine, RenewsALeaseThreeTimesUnlessToldOtherwise) {
  EXPECT_EQ(options({"--lease", "6"}).heartbeat, std::chrono::seconds{2});
  EXPECT_EQ(options({"--lease", "6", "--heartbeat", "2"}).heartbeat, std::chrono::seconds{2});
  EXPECT_EQ(refusal({"--lease", "6", "--heartbeat", "2.5"}),
            "--heartbeat 2.5 is more than a third of --lease 6: one lost message must not end the lease");
}

TEST(CommandLine, ReadsSecondsToTheMillisecond) {
  EXPECT_EQ(options({"--lease", "0.75"}).lease, std::chrono::milliseconds{750});
  EXPECT_EQ(options({"--lease", "1.001"}).lease, std::chrono::milliseconds{1001});
  for (const char* const text : {"", "0", "0.09", "-1", "1,5", "1.5s", " 1", "1e2", "nan", "inf", "86401"}) {
    EXPECT_THAT(refusal({"--lease", text}), HasSubstr("--lease takes seconds from 0.1 to 86400")) << text;
  }
  EXPECT_THAT(refusal({"--heartbeat=0"}), HasSubstr("--heartbeat takes seconds from 0.01 to 28800"));
  EXPECT_THAT(refusal({"--relay-interval=never"}), HasSubstr("--relay-interval takes seconds"));
}

TEST(CommandLine, ReplacesNoProcessThatNobodyWatches) {
  EXPECT_EQ(options({"--processes", "0"}).processes, 0u);
  for (const char* const option : {"--max-jobs", "--max-memory"}) {
    EXPECT_EQ(refusal({"--processes", "0", option, "5"}),
              std::string{option} +
                  " replaces a process that another one watches, and --processes 0 has "
                  "none: leave one of them out");
    EXPECT_EQ(options({"--processes", "0", option, "0"}).processes, 0u);
  }
}

TEST(CommandLine, NeedsNoAppToRelayOnly) {
  const auto given = std::get<Options>(parse({"--relay-only"}, true));
  EXPECT_TRUE(given.relay_only);
  EXPECT_EQ(given.app_path, "");
  EXPECT_THAT(refusal({"--relay-only", "--no-relay"}, true), HasSubstr("leave nothing to do"));
}

TEST(CommandLine, RefusesASchemaThatCannotBeOne) {
  EXPECT_EQ(options({"--schema", "Jobs of the shop"}).schema, "Jobs of the shop");
  const std::string long_name(64, 'x');
  for (const char* const name : {"", "a{b}", "a\nb", long_name.c_str()}) {
    EXPECT_THAT(refusal({"--schema", name}), HasSubstr("--schema: ")) << name;
  }
}

TEST(CommandLine, WinsOverTheEnvironment) {
  const Variable concurrency{"AFTERCOMMIT_CONCURRENCY", "5"};
  EXPECT_EQ(options({"--concurrency", "6"}).concurrency, 6u);
}

TEST(CommandLine, RefusesAWrongVariableAsItRefusesAnOption) {
  const Variable concurrency{"AFTERCOMMIT_CONCURRENCY", "many"};
  EXPECT_EQ(refusal({}), "--concurrency takes a number from 1 to 1000, not 'many'");
}

TEST(CommandLine, NeedsAnAppWhereTheProgramHasNoneOfItsOwn) {
  EXPECT_THAT(refusal({}, true), HasSubstr("--app is missing"));
}

TEST(CommandLine, RefusesNumbersThatAreNoneOrOutOfRange) {
  for (const char* const text : {"", "0", "1001", "-1", "1.5", "8x", " 8", "99999999999999999999"}) {
    EXPECT_THAT(refusal({"--concurrency", text}), HasSubstr("--concurrency takes a number from 1 to 1000"))
        << text;
  }
  EXPECT_THAT(refusal({"--prefetch=-1"}), HasSubstr("--prefetch takes a number from 0 to 10000"));
  EXPECT_THAT(refusal({"--shutdown-timeout=soon"}), HasSubstr("--shutdown-timeout takes a number"));
  EXPECT_THAT(refusal({"--unknown-task-grace=-5"}), HasSubstr("--unknown-task-grace takes a number"));
  EXPECT_THAT(refusal({"--processes=1001"}), HasSubstr("--processes takes a number from 0 to 1000"));
  EXPECT_THAT(refusal({"--max-jobs=few"}), HasSubstr("--max-jobs takes a number from 0"));
  EXPECT_THAT(refusal({"--max-memory=1G"}), HasSubstr("--max-memory takes a number from 0"));
  EXPECT_THAT(refusal({"--keep-ledger=0"}), HasSubstr("--keep-ledger takes a number from 1"));
  EXPECT_THAT(refusal({"--history=-1"}), HasSubstr("--history takes a number from 0"));
}

TEST(CommandLine, RefusesQueuesThatAreNone) {
  EXPECT_EQ(refusal({"--queues="}), "--queues names no queue");
  EXPECT_THAT(refusal({"--queues", "mail,,default"}), HasSubstr("'' is not a queue name"));
  EXPECT_THAT(refusal({"--queues", "mail, default"}), HasSubstr("' default' is not a queue name"));
  EXPECT_THAT(refusal({"--queues", "mail,mail"}), HasSubstr("names 'mail' twice"));
  for (const char* const weight : {"mail:", "mail:0", "mail:-1", "mail:x", "mail:3:4", "mail:1001"}) {
    EXPECT_THAT(refusal({"--queues", weight}), HasSubstr("a number from 1 to 1000")) << weight;
  }
}

TEST(CommandLine, RefusesWordsItDoesNotKnow) {
  EXPECT_THAT(refusal({"--log-level", "loud"}), HasSubstr("not 'loud'"));
  EXPECT_THAT(refusal({"--log-format", "xml"}), HasSubstr("not 'xml'"));
  EXPECT_THAT(refusal({"--nonsense"}), HasSubstr("nonsense"));
  EXPECT_THAT(refusal({"--concurrency"}), HasSubstr("concurrency"));
  EXPECT_THAT(refusal({"start"}), HasSubstr("unexpected argument 'start'"));
}

TEST(CommandLine, QuotesNoUrlThatStandsInTheWrongPlace) {
  for (const char* const url : {"redis://:canary@here", "postgresql://user:canary@here/x"}) {
    EXPECT_THAT(refusal({url}), ::testing::Not(HasSubstr("canary")));
    EXPECT_THAT(refusal({"--redis-url", url}), ::testing::Not(HasSubstr("canary")));
    EXPECT_THAT(refusal({"--redis", "redis://here", url}), ::testing::Not(HasSubstr("canary")));
  }
}

TEST(CommandLine, TakesTimeLimitsOfWhichTheSoftOneComesFirst) {
  const auto given = options({"--time-limit", "90.5", "--soft-time-limit", "60"});
  EXPECT_EQ(given.time_limit, std::chrono::milliseconds{90'500});
  EXPECT_EQ(given.soft_time_limit, std::chrono::seconds{60});
  EXPECT_EQ(options({"--time-limit", "0", "--soft-time-limit", "9999"}).time_limit, std::chrono::seconds{0});
  for (const char* const soft : {"1800", "7200"})
    EXPECT_THROW(options({"--soft-time-limit", soft}), UsageError);
  EXPECT_THROW(options({"--time-limit", "-1"}), UsageError);
}

TEST(CommandLine, TakesAnAddressToServeMetricsAt) {
  EXPECT_EQ(options({}).metrics, "");
  for (const char* const good : {"9394", "127.0.0.1:0", "[::1]:9394", "metrics.internal:9394"})
    EXPECT_EQ(options({"--metrics", good}).metrics, good);
  for (const char* const bad :
       {"127.0.0.1", "127.0.0.1:", ":9394", "::1:9394", "host:99999", "http://host:80"})
    EXPECT_THAT(refusal({"--metrics", bad}), HasSubstr("HOST:PORT")) << bad;
}

TEST(CommandLine, PrintsItsVersion) {
  const auto print = std::get<PrintAndExit>(parse({"--version"}));
  EXPECT_THAT(print.text, ::testing::MatchesRegex("aftercommit worker [0-9.]+\n"));
}

TEST(CommandLine, ExplainsEveryOptionVariableSignalAndExitCode) {
  const auto help = std::get<PrintAndExit>(parse({"--help"})).text;
  for (const char* const word : {"--app",
                                 "--queues",
                                 "--concurrency",
                                 "--prefetch",
                                 "--redis",
                                 "--database",
                                 "--shutdown-timeout",
                                 "--unknown-task-grace",
                                 "--time-limit",
                                 "--soft-time-limit",
                                 "--lease",
                                 "--heartbeat",
                                 "--no-relay",
                                 "--relay-only",
                                 "--relay-interval",
                                 "--schema",
                                 "--no-migrate",
                                 "--keep-ledger",
                                 "--processes",
                                 "--max-jobs",
                                 "--max-memory",
                                 "--log-level",
                                 "--log-format",
                                 "--version",
                                 "--help",
                                 "--history",
                                 "REDIS_URL",
                                 "DATABASE_URL",
                                 "AFTERCOMMIT_APP",
                                 "SIGTERM",
                                 "SIGINT",
                                 "--metrics",
                                 "--config",
                                 "--check-config",
                                 "SIGUSR1",
                                 "Exit codes"}) {
    EXPECT_THAT(help, HasSubstr(word));
  }
  for (const int code : {kExitStopped, kExitInternal, kExitUsage, kExitSetup, kExitForced}) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::to_string(code) + "  "));
  }
}

TEST(CommandLine, NamesQueuesOfCeleryAndWhereTheyAre) {
  const auto given = options({"--celery-queue", "celery,mail", "--celery-broker", "redis://cache/1"});
  EXPECT_EQ(given.celery_queues, (std::vector<std::string>{"celery", "mail"}));
  EXPECT_EQ(given.celery_broker, "redis://cache/1");
  EXPECT_TRUE(options({}).celery_queues.empty());
  EXPECT_THAT(refusal({"--celery-queue", "a b"}), HasSubstr("--celery-queue: 'a b' is not a queue name"));
  EXPECT_THAT(refusal({"--celery-queue", "mail:3"}), HasSubstr("--celery-queue takes no weights"));
  EXPECT_THAT(refusal({"--celery-queue", "mail", "--relay-only"}), HasSubstr("leave --relay-only out"));
  EXPECT_THAT(refusal({"--celery-broker", "redis://cache/1"}),
              HasSubstr("--celery-broker has nothing to do"));
}

}  // namespace
}  // namespace aftercommit::worker
