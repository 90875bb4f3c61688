// The commands about jobs and workers from outside.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <pqxx/pqxx>
#include <string>

#include "client/job_table/home.hpp"
#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

using CliJobs = support::CliTest;

TEST_F(CliJobs, AreListedWithoutTheirArgumentsUnlessThoseAreAskedFor) {
  const auto first = durable(4711).str();
  durable(2), other(3);
  const auto text = run({"jobs", "--limit", "2"}).output;
  EXPECT_THAT(text, AllOf(HasSubstr("ready"), HasSubstr("receipt"), Not(HasSubstr("4711]"))));
  const auto next = run_json({"jobs", "--limit", "2"}).at("next").get<std::string>();
  EXPECT_THAT(text, HasSubstr("--after '" + next + "'"));
  const auto rest = run_json({"jobs", "--after", next});
  EXPECT_EQ(rest.at("jobs").size(), 1U);
  EXPECT_EQ(rest.at("next"), nullptr);
  const auto found = run_json({"jobs", "--argument", "4711", "--args"});
  ASSERT_EQ(found.at("jobs").size(), 1U);
  EXPECT_EQ(found.at("jobs").at(0).at("id"), first);
  EXPECT_EQ(found.at("jobs").at(0).at("args"), nlohmann::json::parse("[4711]"));
  EXPECT_EQ(found.at("jobs").at(0).at("in_redis"), true);
}

TEST_F(CliJobs, AreToldOfOneByOneWithTheirStory) {
  durable(7);
  const auto dead = die("no such order").str();
  const auto end = run({"job", dead});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  EXPECT_THAT(end.output,
              AllOf(HasSubstr("state         dead"), HasSubstr("attempt 1 failed on ann: no such order"),
                    HasSubstr("died on ann: rejected: no such order"), Not(HasSubstr("[7]"))));
  EXPECT_THAT(run({"job", dead, "--args"}).output, HasSubstr("args          [7]"));
  EXPECT_EQ(run_json({"job", dead}).at("fate"), "dead");
  const auto unknown = run({"job", JobId::generate().str()});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.error, StartsWith("aftercommit: nobody knows a job"));
}

TEST_F(CliJobs, AreAskedForByAPerson) {
  detail::enter_app(database, {.databases = {}, .app = "shop", .tasks = {"receipt"}},
                    std::vector<Queue>{"mail"});
  const auto made = run_json({"enqueue", "receipt", "[5]", "--queue", "mail", "--countdown", "1h"});
  const auto id = made.at("id").get<std::string>();
  EXPECT_EQ(read(table.find(JobId::parse(id).value())->envelope).args.dump(), "[5]");
  const auto tasks = run_json({"tasks", "--queue", "mail"}).at("tasks");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks.at(0).at("task"), "receipt");
  EXPECT_EQ(tasks.at(0).at("app"), "shop");
  const auto unknown = run({"enqueue", "ship", "--queue", "mail"});
  EXPECT_EQ(unknown.exit_code, 0) << unknown.error;
  EXPECT_THAT(unknown.error, HasSubstr("declares a task ship"));
  EXPECT_EQ(run({"enqueue", "receipt", "5"}).exit_code, 2);
}

TEST_F(CliJobs, OfAQueueArePurgedOnlyWhenSomebodyHasSaidSo) {
  durable(1), other(2);
  const auto asked = run({"purge", "mail"});
  EXPECT_EQ(asked.exit_code, 2);
  EXPECT_THAT(asked.error, HasSubstr("--yes"));
  EXPECT_EQ(calls.counts().ready, 2);
  const auto purged = run({"purge", "mail", "--yes"});
  EXPECT_EQ(purged.exit_code, 0) << purged.error;
  EXPECT_THAT(purged.output,
              AllOf(HasSubstr("deleted 1 job that Redis alone had"), HasSubstr("1 durable job stays")));
  EXPECT_EQ(run_json({"purge", "mail", "--yes", "--durable"}).at("rows_deleted"), 1);
  EXPECT_EQ(run_json({"audit", "--pause", "0"}).at("agrees"), true);
}

TEST_F(CliJobs, ThatAreDeadAreChosenByErrorAndAgeAndAFirstLookChangesNothing) {
  durable(1), die("no route to host");
  durable(2), die("no such order");
  EXPECT_EQ(run({"dead", "retry", "--error", "route", "--dry-run"}).output, "would retry 1 job\n");
  EXPECT_EQ(run_json({"jobs", "--state", "dead", "--error", "route"}).at("dead").size(), 1U);
  EXPECT_EQ(run({"dead", "delete", "--older-than", "1h"}).output, "deleted 0 dead jobs\n");
  EXPECT_EQ(run_json({"dead", "retry", "--error", "route", "--newer-than", "1h"}).at("changed"), 1);
  EXPECT_EQ(run({"dead", "delete", "--argument", "2"}).output, "deleted 1 dead job\n");
}

TEST_F(CliJobs, ThatAreDeadAreToldInJsonToHaveBeenLeftAloneByADryRun) {
  durable(1), die();
  const auto rehearsed = run_json({"dead", "retry", "--all", "--dry-run"});
  EXPECT_EQ(rehearsed.at("dry_run"), true);
  EXPECT_EQ(rehearsed.at("changed"), 1);
  const auto done = run_json({"dead", "delete", "--all"});
  EXPECT_EQ(done.at("dry_run"), false);
  EXPECT_EQ(done.at("stays"), 0);
}

TEST_F(CliJobs, ThatAreDeadAreChangedByWholeBatchesWhereCtrlCEndsIt) {
  const auto dead = schema().name() + ".dead";
  outside("INSERT INTO " + dead +
          " SELECT gen_random_uuid(), 'mail', now() - i * interval '1 second', '' FROM generate_series(1, "
          "5000) AS i");
  pqxx::connection somebody{schema().url()};
  pqxx::work holds{somebody};  // a job of the second batch, which so waits
  holds.exec("SELECT FROM " + dead + " WHERE id = (SELECT id FROM " + dead +
             " ORDER BY died_at DESC OFFSET 2500 LIMIT 1) FOR UPDATE");
  auto* const before = ::signal(SIGINT, SIG_DFL);  // as in a terminal, whatever runs the tests
  support::WorkerProcess deleting{{AFTERCOMMIT_CLI, "dead", "delete", "--all"}, environment()};
  ::signal(SIGINT, before);
  const auto blocked = "SELECT count(*) FROM pg_stat_activity WHERE " +
                       std::to_string(somebody.backendpid()) + " = ANY (pg_blocking_pids(pid))";
  ASSERT_TRUE(support::eventually([&] { return outside(blocked)[0][0].as<int>() == 1; })) << deleting.log();
  deleting.signal(SIGINT);
  holds.abort();
  EXPECT_EQ(deleting.exit_code(), 128 + SIGINT);
  EXPECT_EQ(deleting.output(), "deleted 4000 dead jobs\n");
  EXPECT_THAT(deleting.log(), HasSubstr("stopped as it was asked to"));
  EXPECT_EQ(outside("SELECT count(*) FROM " + dead)[0][0].as<int>(), 1000);
}

TEST_F(CliJobs, OfAQueueOfAnotherDatabaseAreNotPurgedWithTheirRows) {
  durable(1);
  calls.broker.claim_home({.databases = {{"default", "another-token", "staging at db"}}}, support::kMail);
  const auto end = run({"purge", "mail", "--durable", "--yes"});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.error, HasSubstr("staging at db"));
  EXPECT_EQ(calls.counts().ready, 1);
}

TEST_F(CliJobs, AreShownBesideTheWorkersThatRunThem) {
  const std::vector<Queue> queues{"mail"};
  calls.broker.renew_lease("shop-7-0123456789ab", queues, 1h);
  calls.broker.renew_lease(support::kAnn, queues, 1h);
  calls.broker.report(
      support::kAnn, "mail",
      R"({"v":1,"since":1700000000000,"at":1700000000000,"host":"web1","pid":12,"version":"0.2.0",)"
      R"("app":"shop","concurrency":8,"running":1,"jobs":[{"id":"an-id","task":"receipt"}]})",
      1h);
  const auto workers = run_json({"workers"}).at("workers");
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers.at(0).at("host"), "shop") << "an older one, by its id";
  EXPECT_EQ(workers.at(0).at("pid"), 7);
  EXPECT_EQ(workers.at(0).at("running"), nullptr);
  EXPECT_EQ(workers.at(1).at("host"), "web1");
  EXPECT_EQ(workers.at(1).at("running"), 1);
  EXPECT_EQ(workers.at(1).at("jobs").at(0).at("task"), "receipt");
  EXPECT_THAT(run({"workers"}).output, HasSubstr("runs an-id, task receipt"));
  EXPECT_THAT(run({"workers", "--queue", "slow"}).output, HasSubstr("no workers"));
}

class CliJobsWrongWords : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(CliJobsWrongWords, AreOneSentenceAndExitCode2) {
  const auto end = support::run_cli(GetParam());
  EXPECT_EQ(end.exit_code, 2) << end.error;
  EXPECT_TRUE(end.error.starts_with("aftercommit: ")) << end.error;
  EXPECT_EQ(std::ranges::count(end.error, '\n'), 1) << end.error;
}

using JobWords = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    Words, CliJobsWrongWords,
    ::testing::Values(JobWords{"jobs", "--state", "lost"}, JobWords{"jobs", "extra"},
                      JobWords{"jobs", "--older-than", "soon"}, JobWords{"jobs", "--limit", "0"},
                      JobWords{"job"}, JobWords{"job", "42"}, JobWords{"enqueue"}, JobWords{"enqueue", "a b"},
                      JobWords{"enqueue", "pay", "[1]", "[2]"}, JobWords{"enqueue", "pay", "--priority", "9"},
                      JobWords{"purge"}, JobWords{"purge", "a b"}, JobWords{"workers", "extra"},
                      JobWords{"tasks", "--queue", "a b"}, JobWords{"dead", "retry", "--all", "--error", "x"},
                      JobWords{"dead", "delete", "--older-than", "-1h"}));

}  // namespace
}  // namespace aftercommit
