// `aftercommit audit`: it agrees with what is so, and names each way in which the tables and Redis can
// disagree.
#include <gmock/gmock.h>

#include "broker/redis/wire/redis_keys.hpp"
#include "client/job_table/job_feed.hpp"
#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class CliAudit : public support::CliTest {
 protected:
  static constexpr const char* kPasses = "nothing to do";

  /// What the audit says; the exit code has to fit.
  json audit() {
    const auto end = run({"audit", "--json", "--pause", "0"});
    auto found = json::parse(end.output);
    EXPECT_EQ(end.exit_code, found.at("needs_somebody") ? 1 : 0) << end.error;
    EXPECT_FALSE(found.at("agrees").get<bool>() && found.at("needs_somebody").get<bool>());
    return found;
  }

  /// Expects one finding of this kind, on these jobs, and nothing else.
  void expect_found(const std::string& kind, const std::vector<std::string>& jobs,
                    const std::string& remedy) {
    const auto found = audit();
    const auto& findings = found.at("findings");
    const bool passes = remedy == kPasses;
    EXPECT_EQ(found.at("needs_somebody"), !passes) << "a cron job would cry wolf, or sleep";
    ASSERT_EQ(findings.size(), 1U) << findings.dump(2);
    EXPECT_EQ(findings.at(0).at("kind"), kind);
    EXPECT_EQ(findings.at(0).at("needs_somebody"), !passes);
    EXPECT_EQ(findings.at(0).at("queue"), "mail");
    EXPECT_EQ(findings.at(0).at("jobs"), json(jobs));
    EXPECT_THAT(findings.at(0).at("remedy").get<std::string>(), HasSubstr(remedy));
    const auto text = run({"audit", "--pause", "0"}).output;
    EXPECT_THAT(text, HasSubstr("\n" + kind + ", queue mail: 1\n"));
    EXPECT_THAT(text, HasSubstr("    " + jobs.front() + "\n"));
    EXPECT_THAT(text, HasSubstr(passes ? "\nNothing needs to be done: " : "\nSomething needs to be done: "));
  }

  std::string enqueue_by_sql() {
    return outside("SELECT " + schema().name() + ".enqueue('receipt', '[1]', queue => 'mail')")[0][0]
        .as<std::string>();
  }

  /// As a relay that has read all there is.
  void let_relay_pass() {
    auto cursor = detail::FeedCursor::from_the_start();
    cursor.shown = database.exec("SELECT pg_current_snapshot()")[0][0].as<std::string>();
    cursor.complete = true;
    const detail::JobFeed feed{database};
    ASSERT_TRUE(
        calls.broker.relay({.queue = "mail", .source = feed.source(), .expected = "", .next = cursor.str()}));
  }
};

TEST_F(CliAudit, AgreesWithAJobOfALaterVersion) {
  const auto id = enqueue_by_sql();
  const auto envelope =
      outside("UPDATE " + schema().name() +
              ".job SET envelope = replace(envelope, '\"v\":1', '\"v\":2') RETURNING envelope")[0][0]
          .as<std::string>();
  const Outgoing copy{.queue = "mail", .payload = envelope, .durable = JobId::parse(id)};
  calls.broker.enqueue({&copy, 1}, 2s);
  EXPECT_TRUE(audit().at("agrees"));
}

TEST_F(CliAudit, AgreesWithJobsInEveryState) {
  durable(1), die();
  other(2), die();
  durable(3), fetch();
  durable(4), durable(5);
  durable(6, {.countdown = 1h});
  other(7);
  enqueue_by_sql();
  outside("INSERT INTO " + schema().name() + ".ledger (id) VALUES (gen_random_uuid())");

  const auto found = audit();
  EXPECT_EQ(found.at("agrees"), true) << found.dump(2);
  EXPECT_EQ(found.at("looks"), 1);
  EXPECT_EQ(
      found.at("durable").at("sum"),
      json::parse(R"({"committed": 6, "rows": 5, "waiting": 2, "delayed": 1, "running": 1, "not_in_redis": 1,
                            "moving": 0, "stranded": 0, "passed": 0, "dead": 1})"));
  EXPECT_EQ(found.at("others").at("sum"),
            json::parse(R"({"waiting": 1, "delayed": 0, "running": 0, "dead": 1})"));
  EXPECT_EQ(found.at("ledger"), 1);

  const auto text = run({"audit"}).output;
  EXPECT_THAT(text, ::testing::StartsWith("committed = done + dead + waiting + delayed + running\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("\nmail +6 +1 +2 +1 +1 +1\n"));
  EXPECT_THAT(text, HasSubstr("remembered in the ledger: 1."));
  EXPECT_THAT(text, HasSubstr("\nAll agrees.\n"));
}

TEST_F(CliAudit, FindsARowThatRedisClaimsToHaveAndHasNot) {  // P6
  const auto job = durable().str();
  redis.ask("XTRIM", redis.mail().stream, "MAXLEN", "0");
  expect_found("stranded", {job}, " DEL '" + redis.mail().relay + "' '" + redis.mail().durable + "'");
  EXPECT_EQ(audit().at("durable").at("sum").at("stranded"), 1);
}

TEST_F(CliAudit, FindsARowThatTheRelayHasReadPast) {  // P6
  const auto job = enqueue_by_sql();
  let_relay_pass();
  expect_found("passed", {job}, " DEL '" + redis.mail().relay + "'");
  EXPECT_EQ(audit().at("durable").at("sum").at("passed"), 1);
}

TEST_F(CliAudit, LeavesARowToTheRelayThatHasNotReadItYet) {
  durable();
  let_relay_pass();
  enqueue_by_sql();
  const auto found = audit();
  EXPECT_EQ(found.at("agrees"), true) << found.dump(2);
  EXPECT_EQ(found.at("durable").at("sum").at("not_in_redis"), 1);
  EXPECT_THAT(run({"audit"}).output, HasSubstr("Not yet in Redis: the relay"));
}

TEST_F(CliAudit, FindsAnIdThatRedisRemembersOfNoJob) {
  const auto job = JobId::generate();
  redis.ask("SADD", redis.mail().durable, durable_member(job));
  expect_found("left_over", {job.str()}, redis.mail().durable);
}

TEST_F(CliAudit, FindsAnEntryWhoseRowIsGone) {
  const auto job = durable();
  table.finish(job, 1);
  expect_found("without_row", {job.str()}, kPasses);
}

TEST_F(CliAudit, FindsAJobThatIsAliveAndDead) {
  const auto job = durable();
  table.bury_lost(job, "mail", "{}");
  expect_found("alive_and_dead", {job.str()}, "dead delete");
}

TEST_F(CliAudit, FindsAJobThatStandsInRedisTwice) {
  const auto job = durable();
  redis.ask("ZADD", redis.mail().delayed, "9000000000000", table.find(job)->envelope);
  expect_found("twice", {job.str()}, kPasses);
}

TEST_F(CliAudit, FindsAnEntryThatIsNoJob) {
  calls.enqueue({{.queue = "mail", .payload = "hello"}});
  expect_found("unreadable", {"5 bytes: the text is not JSON: it breaks off or goes wrong at byte 1"},
               kPasses);
}

TEST_F(CliAudit, FindsARowThatIsNoJob) {
  const auto job = JobId::generate().str();
  outside("INSERT INTO " + schema().name() + ".job (id, queue, envelope) VALUES ('" + job +
          "', 'mail', 'hello')");
  expect_found("unreadable_row", {job}, kPasses);
}

TEST_F(CliAudit, NamesTwentyOfManyAndCountsTheRest) {
  for (long id = 0; id < 25; ++id) durable(id);
  redis.ask("XTRIM", redis.mail().stream, "MAXLEN", "0");
  const auto finding = audit().at("findings").at(0);
  EXPECT_EQ(finding.at("count"), 25);
  EXPECT_EQ(finding.at("jobs").size(), 20U);
  EXPECT_THAT(run({"audit", "--pause", "0"}).output, HasSubstr("    and 5 more\n"));
}

TEST_F(CliAudit, DoesNotJudgeJobsOfADatabaseThatWasNotGiven) {
  auto job = read(table.find(durable())->envelope);
  job.id = JobId::generate();
  job.database = "reports";
  calls.enqueue({{.queue = "mail", .payload = encode(job), .durable = job.id}});
  const auto found = audit();
  EXPECT_EQ(found.at("agrees"), true) << found.dump(2);
  EXPECT_EQ(found.at("elsewhere"), json::parse(R"({"reports": 1})"));
  EXPECT_THAT(run({"audit"}).output, HasSubstr("1 job of database reports, which was not given"));
}

TEST_F(CliAudit, DoesNotNameWhatHasOnlyMoved) {
  const auto job = durable();
  redis.ask("XTRIM", redis.mail().stream, "MAXLEN", "0");
  support::WorkerProcess running{{AFTERCOMMIT_CLI, "audit", "--json", "--pause", "5"}, environment()};
  // The first look is over when the ledger has been counted.
  ASSERT_TRUE(support::eventually([&] {
    return !outside(
                "SELECT FROM pg_stat_activity WHERE application_name = 'aftercommit' AND state = 'idle'"
                " AND query LIKE '%\"" +
                schema().name() + "\".ledger%' AND pid <> pg_backend_pid()")
                .empty();
  })) << running.log();
  redis.ask("XADD", redis.mail().stream, "*", kRedisField, table.find(job)->envelope);
  EXPECT_EQ(running.exit_code(), 0) << running.output();
  EXPECT_EQ(json::parse(running.output()).at("looks"), 2);
}

}  // namespace
}  // namespace aftercommit
