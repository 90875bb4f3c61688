/// Workers that meet queues of another database, or of another app: nothing is taken for done that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string_view>

#include "client/job_table/home.hpp"
#include "client/job_table/migrations.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::WorkerProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class WorkerHome : public support::WorkerTest {
 protected:
  /// A worker that is not expected to start.
  WorkerProcess& start_elsewhere(const std::string& other_schema) {
    return start_worker(Start{.options = {"--schema", other_schema}, .wait = false});
  }

  void claim(HomeClaim claim, const Queue& queue = "default") {
    EXPECT_TRUE(broker->claim_home(claim, std::vector<Queue>{queue}).at(0).empty());
  }

  HomeDatabase home() { return detail::read_home(app.database()); }
  /// Of a database that has our token, and is another one.
  HomeDatabase copy() {
    auto copy = home();
    copy.where = "production";
    copy.instance = "1/2/production";
    return copy;
  }

  /// A copy of a durable job as Redis holds it, whose row is not in this database.
  void push_copy() {
    const auto job = JobId::generate();
    const Envelope envelope{.id = job, .task = "insert", .args = {1}, .queue = "default", .durable = true};
    const Outgoing copy{.queue = "default", .payload = encode(envelope), .durable = job};
    broker->enqueue({&copy, 1}, 5s);
  }

  std::int64_t copies() {
    const auto counts = broker->counts("default");
    return counts.ready + counts.running + counts.delayed;
  }

  int cli(const std::string& arguments) { return cli(arguments, database_url, schema.name()); }
  int cli(const std::string& arguments, const std::string& url, const std::string& its_schema) {
    const auto command = "env REDIS_URL='" + redis_url + "' DATABASE_URL='" + url + "' " AFTERCOMMIT_CLI " " +
                         arguments + " --schema " + its_schema + " >/dev/null";
    return std::system(command.c_str());
  }
};

TEST_F(WorkerHome, RefusesAtItsStartAQueueOfAnotherDatabaseAndTakesNoJobOfIt) {  // P6
  start_worker({"--no-relay"}).signal(SIGTERM);
  EXPECT_EQ(workers.front().exit_code(), 0);
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually([&] { return copies() == 1; }));

  const support::Schema staging;
  auto& wrong = start_elsewhere(staging.name());
  EXPECT_EQ(wrong.exit_code(), 2) << wrong.log();
  EXPECT_THAT(wrong.log(), AllOf(HasSubstr("queue 'default' holds jobs of another database"),
                                 HasSubstr("schema " + schema.name() + " for those who have served it"),
                                 HasSubstr("schema " + staging.name() + " here"),
                                 HasSubstr("aftercommit adopt --queue default --schema " + staging.name())));
  EXPECT_EQ(copies(), 1);
  start_worker();
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerHome, DoesNotTakeNoRowForDoneWhereTheQueueIsAnothersByNow) {  // P6
  // Neither it nor anybody else would look by itself for minutes.
  auto& worker = start_worker({"--lease", "600", "--heartbeat", "200"});
  claim({.databases = {{"default", "another-token", "production"}}, .adopt = true});
  push_copy();
  EXPECT_TRUE(worker.says("no jobs are run until this is set right")) << worker.log();
  EXPECT_EQ(copies(), 1);
  EXPECT_EQ(worker.count("job skipped: it has taken effect before, or is dead"), 0);
}

TEST_F(WorkerHome, DoesNotTakeNoRowForDoneWhereTheQueueIsACopysByNow) {  // P6
  auto& worker = start_worker({"--lease", "600", "--heartbeat", "200"});
  claim({.databases = {copy()}, .adopt = true});
  push_copy();
  EXPECT_TRUE(worker.says("no jobs are run until this is set right")) << worker.log();
  EXPECT_EQ(copies(), 1);
  EXPECT_EQ(worker.count("job skipped: it has taken effect before, or is dead"), 0);
}

TEST_F(WorkerHome, SkipsWhatIsDoneWhereTheQueueIsItsOwn) {
  auto& worker = start_worker();
  push_copy();
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(worker.count("job skipped: it has taken effect before, or is dead"), 1);
}

TEST_F(WorkerHome, NoticesWithinAHeartbeatThatItsQueueIsAnothersAndRunsItsJobsOnceItIsAdopted) {
  auto& worker = start_worker({"--lease", "3", "--heartbeat", "0.1"});
  claim({.databases = {{"default", "another-token", "production"}}, .adopt = true});
  ASSERT_TRUE(worker.says("no jobs are run until this is set right")) << worker.log();
  tasks.insert.delay(1);
  push_copy();
  EXPECT_TRUE(eventually([&] { return copies() == 2; }));
  EXPECT_TRUE(effects().empty());

  EXPECT_EQ(cli("adopt --queue default"), 0);
  EXPECT_TRUE(eventually_effects({1})) << worker.log();
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(worker.runs());
}

TEST_F(WorkerHome, NoticesWithinAHeartbeatThatItsQueueIsACopysAndRunsItsJobsOnceItIsAdopted) {
  auto& worker = start_worker({"--lease", "3", "--heartbeat", "0.1"});
  claim({.databases = {copy()}, .adopt = true});
  ASSERT_TRUE(worker.says("though both have one token")) << worker.log();
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually([&] { return copies() == 1; }));
  EXPECT_TRUE(effects().empty());

  EXPECT_EQ(cli("adopt --queue default"), 0);
  EXPECT_TRUE(eventually_effects({1})) << worker.log();
}

TEST_F(WorkerHome, CompletesWhatAnOlderReleaseHasSaid) {
  auto older = home();
  older.instance.clear();
  claim({.databases = {older}});
  start_worker();
  const auto found = broker->claim_home({.databases = {copy()}}, std::vector<Queue>{"default"}).at(0);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, HomeFinding::Kind::kCopy);
  EXPECT_EQ(found[0].instance, home().instance);
}

TEST_F(WorkerHome, SaysOnceWhyADatabaseDoesNotSayWhoseItIs) {
  auto& worker = start_worker({"--lease", "3", "--heartbeat", "0.1"});
  app.database().exec("DELETE FROM " + schema.name() + ".home");
  EXPECT_TRUE(worker.says("has lost its one row")) << worker.log();
  // It goes on to look, as is seen by what it finds at the broker.
  claim({.databases = {{"default", "another-token", "production"}}, .adopt = true});
  EXPECT_TRUE(worker.says("no jobs are run until this is set right")) << worker.log();
  claim({.adopt = true});
  EXPECT_TRUE(worker.says("jobs are run again")) << worker.log();
  EXPECT_EQ(worker.count("a database does not say whose it is; what was known of it stands, and it is asked "
                         "again with each heartbeat"),
            1);
}

TEST_F(WorkerHome, SaysItAnewToARedisThatHasLostItsData) {
  start_worker({"--lease", "3", "--heartbeat", "0.1"});
  claim({.adopt = true});  // nothing is known any more, as after a loss of data
  EXPECT_TRUE(eventually([&] {
    const HomeClaim other{.databases = {{"default", "another-token", "staging"}}};
    const auto found = broker->claim_home(other, std::vector<Queue>{"default"}).at(0);
    if (found.empty()) claim({.adopt = true});  // we came first
    return !found.empty() && found[0].detail.find(schema.name()) != std::string::npos;
  }));
}

TEST_F(WorkerHome, IsAdoptedWhereItsTablesCameFromADump) {
  start_worker().signal(SIGTERM);
  EXPECT_EQ(workers.front().exit_code(), 0);
  const support::Schema restored;
  Database copy{{.url = database_url, .schema = restored.name()}};
  detail::migrate(copy);
  copy.exec("UPDATE " + restored.name() + ".home SET token = $1", home().token);
  auto& worker = start_elsewhere(restored.name());
  EXPECT_EQ(worker.exit_code(), 2) << worker.log();
  EXPECT_THAT(worker.log(), AllOf(HasSubstr(home().instance), HasSubstr(detail::read_home(copy).instance)));
  EXPECT_EQ(cli("adopt --queue default", database_url, restored.name()), 0);
  start_worker(Start{.options = {"--schema", restored.name()}});
}

class WorkerHomeOnAServerOfItsOwn : private support::OnPrivatePostgres, public WorkerHome {
 protected:
  using OnPrivatePostgres::server;

  /// As it is done for staging; its URL.
  std::string clone() {
    constexpr std::string_view kOriginal = "/postgres?";
    const auto in = [&](std::string url, const std::string& database) {
      return url.replace(url.find(kOriginal), kOriginal.size(), "/" + database + "?");
    };
    pqxx::connection connection{in(server.url(), "template1")};
    pqxx::nontransaction session{connection};
    session.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'");
    session.exec("CREATE DATABASE staging TEMPLATE postgres");
    return in(database_url, "staging");
  }
};

TEST_F(WorkerHomeOnAServerOfItsOwn, RefusesACloneOfTheDatabase) {  // P6
  start_worker({"--no-relay"}).signal(SIGTERM);
  EXPECT_EQ(workers.front().exit_code(), 0);
  const auto staging = clone();
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually([&] { return copies() == 1; }));

  auto& wrong = start_worker(Start{.options = {"--database", staging}, .wait = false});
  EXPECT_EQ(wrong.exit_code(), 2) << wrong.log();
  EXPECT_THAT(wrong.log(), AllOf(HasSubstr("though both have one token"), HasSubstr("is postgres at"),
                                 HasSubstr("and staging at"), HasSubstr("`aftercommit new-token --schema"),
                                 HasSubstr("`aftercommit adopt --queue default --schema")));
  EXPECT_EQ(copies(), 1);
  start_worker();
  EXPECT_TRUE(eventually_effects({1}));

  EXPECT_EQ(cli("new-token", staging, schema.name()), 0);
  auto& still = start_worker(Start{.options = {"--database", staging}, .wait = false});
  EXPECT_EQ(still.exit_code(), 2) << still.log();
  EXPECT_THAT(still.log(), HasSubstr("holds jobs of another database"));
}

TEST_F(WorkerHomeOnAServerOfItsOwn, IsTheSameAtAPromotedStandby) {
  server.keep_copy();
  start_worker().signal(SIGTERM);
  EXPECT_EQ(workers.front().exit_code(), 0);
  server.go_back(true);
  server.promote();
  start_worker();
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerHome, IsRefusedToAnAppThatDeclaresATaskOfAnother) {
  claim({.app = "forum", .tasks = {"insert", "post"}});
  auto& worker = start_worker(Start{.wait = false});
  EXPECT_EQ(worker.exit_code(), 2);
  EXPECT_THAT(worker.log(),
              AllOf(HasSubstr("app 'forum'"), HasSubstr("app 'tests'"), HasSubstr("task 'insert'"),
                    HasSubstr("--schema NAME"), HasSubstr("aftercommit adopt --queue default")));
  EXPECT_EQ(cli("adopt --all"), 0);
  start_worker();
}

TEST_F(WorkerHome, IsRefusedToAnAppThatDeclaresATaskOfAnotherInTheSameSchemaTooWhateverItsRedis) {
  detail::enter_app(app.database(), {.app = "forum", .tasks = {"insert"}}, std::vector<Queue>{"default"});
  auto& worker = start_worker(Start{.wait = false});
  EXPECT_EQ(worker.exit_code(), 2);
  EXPECT_THAT(worker.log(), AllOf(HasSubstr("app 'forum'"), HasSubstr("task 'insert'")));
  EXPECT_EQ(cli("adopt --queue default"), 0);
  start_worker();
}

TEST_F(WorkerHome, IsSharedByAppsWithOtherTasksWithAWarning) {
  claim({.app = "forum", .tasks = {"post"}});
  auto& worker = start_worker();
  EXPECT_TRUE(worker.says("app 'forum' has workers for queue 'default' too, beside app 'tests'"));
}

TEST_F(WorkerHome, IsSharedByTheLibrariesOfOneAppWithoutAWord) {
  start_worker();
  auto& later = start_worker(Start{.library = AFTERCOMMIT_TEST_TASKS_LATER});
  EXPECT_EQ(later.log().find("has workers for queue"), std::string::npos) << later.log();
}

TEST_F(WorkerHome, HasNoQueueThatNoTaskIsDeclaredForWithoutAWarning) {
  auto& worker = start_worker({"--queues", "default,mial"});
  EXPECT_TRUE(worker.says("no task of app 'tests' is declared for queue 'mial'"));
  EXPECT_EQ(worker.log().find("for queue 'default'"), std::string::npos);
}

TEST_F(WorkerHome, IsWarnedOfAQueueThatTasksAreDeclaredForAndNobodyServes) {
  auto& worker = start_worker({"--queues", "mial", "--lease", "0.3"});
  EXPECT_TRUE(worker.says("no worker serves a queue that a task is declared for"));
  EXPECT_EQ(worker.count("no worker serves a queue that a task is declared for: its jobs wait"), 1);
}

TEST_F(WorkerHome, IsShownToAnOperatorWhereTasksAreDeclaredForItAndNobodyServesIt) {
  auto& worker = start_worker({"--queues", "mial", "--lease", "0.3"});
  const auto declared = [&] { return !broker->counts("default").declared_by.empty(); };
  EXPECT_TRUE(eventually(declared));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_TRUE(declared()) << "also while no worker runs";
}

}  // namespace
}  // namespace aftercommit
