// Jobs that cannot run for now stop none of those that can, and run once it is possible.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <numeric>
#include <pqxx/pqxx>

#include "broker/envelope/envelope.hpp"
#include "client/job_table/migrations.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/postgres_proxy.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;

/// Two workers that disagree hand some of the jobs to and fro.
constexpr std::chrono::seconds kForAllShares{60};
constexpr long kQuick = 75;
constexpr const char* kAway = "a database does not serve; its jobs are put off, which uses up no retry";
constexpr const char* kAwayAtStart = "a database is away; this worker starts without it, and its jobs wait";
constexpr const char* kNoSuchDatabase =
    "jobs name a database that this worker does not have; they wait for one that has it, which uses up no "
    "retry";

std::vector<long> up_to(long count) {
  std::vector<long> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

class WorkerAside : public support::WorkerTest {
 protected:
  using WorkerTest::WorkerTest;

  std::size_t aside(const std::string& reason) {
    const std::vector<Queue> queues{"default"};
    std::size_t jobs = 0;
    for (const auto& each : broker->aside(queues)) jobs += each.reason == reason ? each.jobs : 0;
    return jobs;
  }
  bool eventually_aside(const std::string& reason, std::size_t jobs) {
    return eventually([&] { return aside(reason) == jobs; });
  }

  void expect_quick_ones_done() {
    app.database().atomic([&] {
      for (const auto value : up_to(kQuick)) tasks.insert.delay(value);
    });
    EXPECT_TRUE(eventually_effects(up_to(kQuick))) << workers.back().log();
  }
};

// --- A task that is not known

class WorkerAsideForATask : public WorkerAside {};

TEST_F(WorkerAsideForATask, HoldsUpNoneOfTheOthersAndRunsThemWhenOneComesThatKnowsIt) {  // P9
  constexpr long kJobs = 500;
  auto& first = start_worker();
  const auto later = support::declare_later(app);
  app.database().atomic([&] {
    for (const auto value : up_to(kJobs)) later.delay(1000 + value);
  });
  expect_quick_ones_done();
  EXPECT_TRUE(eventually_aside("task:later", kJobs));
  EXPECT_EQ(first.count("job put back: this worker knows no such task; said once for each task"), 1);
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kQuick));

  start_worker(Start{.library = AFTERCOMMIT_TEST_TASKS_LATER});  // beside the first, as in a deploy
  EXPECT_TRUE(eventually([&] { return effects().size() == kQuick + kJobs; }, kForAllShares));
  const auto attempts = app.database().exec(
      "SELECT count(*), count(DISTINCT value), max(attempt) FROM effect WHERE value > 1000")[0];
  EXPECT_EQ(attempts[0].as<long>(), kJobs);
  EXPECT_EQ(attempts[1].as<long>(), kJobs);
  EXPECT_EQ(attempts[2].as<int>(), 1);
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerAsideForATask, BuriesThemWhenTheirGraceHasPassed) {  // P9
  start_worker({"--unknown-task-grace", "2"});
  const auto later = support::declare_later(app);
  for (const long value : {1, 2, 3}) later.delay(value);
  EXPECT_TRUE(eventually_aside("task:later", 3));
  for (const auto& letter : eventually_dead(3)) EXPECT_EQ(letter.cause, DeadLetter::Cause::kUnknownTask);
  EXPECT_EQ(aside("task:later"), 0U);
}

TEST_F(WorkerAsideForATask, AreDroppedAndDoNotWaitWhereTheyHaveExpired) {
  auto& worker = start_worker();
  const auto later = support::declare_later(app);
  later.delay(1);  // from here on the others are looked at before an executor gets them
  ASSERT_TRUE(eventually_aside("task:later", 1));
  for (const auto delivery : {Delivery::kOnCommit, Delivery::kDurable})
    later.apply_async({.countdown = 50ms, .expires = 1ms, .delivery = delivery}, 2);
  EXPECT_TRUE(
      eventually([&] { return worker.count("job expired before it started, and was dropped") == 2; }));
  EXPECT_EQ(aside("task:later"), 1U);
}

TEST_F(WorkerAsideForATask, AreNotLostWhenWhoBringsThemBackIsKilledAtIt) {  // P5
  constexpr long kJobs = 2500;                                              // a batch has 1000
  start_worker();
  const auto later = support::declare_later(app);
  app.database().atomic([&] {
    for (const auto value : up_to(kJobs)) later.delay(value);
  });
  ASSERT_TRUE(eventually_aside("task:later", kJobs));
  workers.clear();
  auto& killed = start_worker(Start{.options = {"--processes", "0", "--lease", "3", "--heartbeat", "1"},
                                    .library = AFTERCOMMIT_TEST_TASKS_LATER,
                                    .environment = {{"AFTERCOMMIT_FAIL_POINT", "returner.after_batch:kill"}},
                                    .wait = false});
  EXPECT_EQ(killed.exit_code(), 128 + SIGKILL);
  start_worker(
      Start{.options = {"--lease", "3", "--heartbeat", "1"}, .library = AFTERCOMMIT_TEST_TASKS_LATER});
  EXPECT_TRUE(eventually_effects(up_to(kJobs)));
  EXPECT_TRUE(eventually_empty());
}

// --- A database that is not known

class WorkerAsideForAnAlias : public WorkerAside {
 protected:
  App two{"linked",
          {.redis_url = redis_url,
           .databases = {{"default", {.url = database_url, .schema = schema.name()}},
                         {"reports", {.url = database_url, .schema = schema.name()}}}}};
  const Task<long> report = two.task<long>("insert", {.database = "reports"});
};

TEST_F(WorkerAsideForAnAlias, HoldsUpNoneOfTheOthersAndRunsThemWhenOneComesThatHasIt) {
  constexpr long kJobs = 500;
  start_worker();
  two.database("reports").atomic([&] {
    for (const auto value : up_to(kJobs)) report.delay(1000 + value);
  });
  expect_quick_ones_done();
  EXPECT_TRUE(eventually_aside("database:reports", kJobs));
  EXPECT_EQ(workers.front().count(kNoSuchDatabase), 1);
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(kQuick));

  start_worker({"--database", "reports=" + database_url});  // beside the first
  EXPECT_TRUE(eventually([&] { return effects().size() == kQuick + kJobs; }, kForAllShares));
  EXPECT_EQ(app.database().exec("SELECT max(attempt) FROM effect")[0][0].as<int>(), 1);
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerAsideForAnAlias, UseUpNoRetryWhereTheyAreNotDurableAndNameIt) {
  start_worker();
  App other{"linked",
            {.redis_url = redis_url,
             .databases = {{"default", {.url = database_url, .schema = schema.name()}},
                           {"reports", {.url = database_url, .schema = schema.name()}}}}};
  const auto insert = other.task<long>("insert");
  insert.apply_async({.max_retries = 0, .delivery = Delivery::kOnCommit, .database = "reports"}, 1);
  EXPECT_TRUE(eventually_aside("database:reports", 1));
  start_worker({"--database", "reports=" + database_url});
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(app.database().exec("SELECT max(attempt) FROM effect")[0][0].as<int>(), 1);
  EXPECT_TRUE(eventually_empty());
}

// --- A database that is away

class WorkerAsideForADatabase : public WorkerAside {
 protected:
  explicit WorkerAsideForADatabase(std::string redis = support::fresh_redis_url())
      : WorkerAside{std::move(redis)} {
    reports.exec("CREATE TABLE effect(id bigserial, job_id text, value bigint, attempt int)");
    detail::migrate(reports);
  }

  support::WorkerProcess& start_linked() {
    auto& worker = workers.emplace_back(
        std::vector<std::string>{AFTERCOMMIT_LINKED_WORKER, "--redis", redis_url, "--log-format", "json",
                                 "--log-level", "debug", "--lease", "3", "--heartbeat", "1"},
        std::map<std::string, std::string>{{"DATABASE_URL", database_url},
                                           {"AFTERCOMMIT_SCHEMA", schema.name()},
                                           {"DATABASE_URL_REPORTS", proxy.url()}});
    if (!worker.says("worker started")) throw std::runtime_error{"no worker started: " + worker.log()};
    return worker;
  }

  void enqueue_reports(long count, long from = 0) {
    reports.atomic([&] {
      for (const auto value : up_to(count)) report.delay(from + value);
    });
  }
  long reported() { return reports.exec("SELECT count(*) FROM effect")[0][0].as<long>(); }
  bool eventually_reported(long count) {
    return eventually([&] { return reported() >= count; });
  }
  void expect_each_reported_once(long count) {
    const auto row =
        reports.exec("SELECT count(*), count(DISTINCT value), coalesce(max(attempt), 1) FROM effect")[0];
    EXPECT_EQ(row[0].as<long>(), count);
    EXPECT_EQ(row[1].as<long>(), count);
    EXPECT_EQ(row[2].as<int>(), 1);
  }

  support::PrivatePostgres server;
  support::PostgresProxy proxy{server};
  App two{"linked",
          {.redis_url = redis_url,
           .databases = {{"default", {.url = database_url, .schema = schema.name()}},
                         {"reports", {.url = server.url(), .schema = schema.name()}}}}};
  Database& reports = two.database("reports");
  const Task<long> report = support::declare_report(two);
};

TEST_F(WorkerAsideForADatabase, ThatDoesNotAnswerHoldsUpNoneOfTheOthers) {
  constexpr long kJobs = 500;
  auto& worker = start_linked();
  enqueue_reports(20);  // so that the sessions that go silent are open ones
  ASSERT_TRUE(eventually_reported(20));
  ASSERT_TRUE(eventually_empty());
  proxy.go_silent(true);
  enqueue_reports(kJobs, 1000);
  expect_quick_ones_done();
  EXPECT_EQ(reported(), 20) << "it was away all the time";
  EXPECT_TRUE(worker.says(kAway));
  EXPECT_TRUE(eventually_aside("database:reports", kJobs)) << worker.log();

  proxy.go_silent(false);
  EXPECT_TRUE(eventually_reported(20 + kJobs)) << worker.log();
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(20 + kJobs);
  EXPECT_EQ(worker.count(kAway), 1);
  EXPECT_EQ(worker.count("a database serves again"), 1);
}

TEST_F(WorkerAsideForADatabase, ThatFallsSilentInTheMidstOfItsJobsHoldsUpNoneOfTheOthers) {  // P7
  constexpr long kJobs = 3000;
  auto& worker = start_linked();
  enqueue_reports(kJobs);
  ASSERT_TRUE(eventually_reported(20));
  proxy.go_silent(true);
  ASSERT_TRUE(worker.says(kAway));
  expect_quick_ones_done();
  EXPECT_LT(reported(), kJobs);
  proxy.go_silent(false);
  EXPECT_TRUE(eventually_reported(kJobs)) << worker.log();
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

TEST_F(WorkerAsideForADatabase, ThatRefusesHoldsUpNoneOfTheOthers) {
  constexpr long kJobs = 500;
  start_linked();
  enqueue_reports(kJobs);
  server.stop();
  expect_quick_ones_done();
  server.start();
  EXPECT_TRUE(eventually([&] {
    try {
      return reported() >= kJobs;
    } catch (const DatabaseUnavailable&) {
      return false;
    }
  }));
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

TEST_F(WorkerAsideForADatabase, AreRunByTheNextWorkerWhenTheirsIsKilled) {
  constexpr long kJobs = 200;
  auto& worker = start_linked();
  proxy.go_silent(true);
  enqueue_reports(kJobs);
  ASSERT_TRUE(eventually_aside("database:reports", kJobs)) << worker.log();
  workers.clear();  // killed
  proxy.go_silent(false);
  start_linked();
  EXPECT_TRUE(eventually_reported(kJobs));
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

TEST_F(WorkerAsideForADatabase, ThatIsAwayAtAStartHoldsUpNoneOfTheOthers) {
  constexpr long kJobs = 200;
  proxy.go_silent(true);
  enqueue_reports(kJobs);
  auto& worker = start_linked();
  EXPECT_EQ(worker.count(kAwayAtStart), 1);
  expect_quick_ones_done();
  EXPECT_TRUE(eventually_aside("database:reports", kJobs)) << worker.log();

  ::kill(worker.children().at(0), SIGKILL);
  ASSERT_TRUE(eventually([&] { return worker.count("worker started") == 2; })) << worker.log();
  tasks.insert.delay(kQuick + 1);
  EXPECT_TRUE(eventually_effects(up_to(kQuick + 1))) << worker.log();

  proxy.go_silent(false);
  EXPECT_TRUE(eventually_reported(kJobs)) << worker.log();
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

TEST_F(WorkerAsideForADatabase, ThatIsAwayAtAStartGetsItsTablesWhenItIsBack) {
  reports.exec("DROP SCHEMA " + schema.name() + " CASCADE");
  server.stop();
  auto& worker = start_linked();
  EXPECT_EQ(worker.count(kAwayAtStart), 1);
  server.start();
  ASSERT_TRUE(worker.says("a database serves again")) << worker.log();
  enqueue_reports(1);
  EXPECT_TRUE(eventually_reported(1)) << worker.log();
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerAsideForADatabase, DoNotKeepTheWorkerFromStopping) {
  auto& worker = start_linked();
  proxy.go_silent(true);
  enqueue_reports(50);
  ASSERT_TRUE(eventually_aside("database:reports", 50)) << worker.log();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(aside("database:reports"), 50U);
}

TEST_F(WorkerAsideForADatabase, WhoseJobTableSomebodyKeepsLockedHoldsUpNoneOfTheOthers) {
  constexpr long kJobs = 100;
  enqueue_reports(kJobs);
  pqxx::connection connection{server.url()};
  pqxx::work lock{connection};
  lock.exec("LOCK TABLE " + schema.name() + ".job IN ACCESS EXCLUSIVE MODE");
  start_linked();
  expect_quick_ones_done();
  EXPECT_TRUE(eventually_aside("database:reports", kJobs)) << workers.back().log();
  lock.commit();
  EXPECT_TRUE(eventually_reported(kJobs));
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

class WorkerAsideInRedis : public WorkerAsideForADatabase {
 protected:
  WorkerAsideInRedis() : WorkerAsideInRedis{std::make_unique<support::PrivateRedis>()} {}

  std::unique_ptr<support::PrivateRedis> redis;

 private:
  explicit WorkerAsideInRedis(std::unique_ptr<support::PrivateRedis> started)
      : WorkerAsideForADatabase{started->url()}, redis{std::move(started)} {}
};

TEST_F(WorkerAsideInRedis, AreBroughtByTheRelayWhenRedisHasLostThem) {  // P6
  constexpr long kJobs = 200;
  auto& worker = start_linked();
  proxy.go_silent(true);
  enqueue_reports(kJobs);
  ASSERT_TRUE(eventually_aside("database:reports", kJobs)) << worker.log();
  redis->kill();
  redis->start();
  ASSERT_EQ(aside("database:reports"), 0U) << "nothing of it was kept on disk";
  proxy.go_silent(false);
  EXPECT_TRUE(eventually_reported(kJobs)) << worker.log();
  EXPECT_TRUE(eventually_empty());
  expect_each_reported_once(kJobs);
}

// --- Rows that another transaction has locked

class WorkerAsideForALock : public WorkerAside {};

TEST_F(WorkerAsideForALock, HoldsUpNoneOfTheOthersAndCostsFewTransactions) {
  constexpr long kJobs = 2000;
  app.database().atomic([&] {
    for (const auto value : up_to(kJobs)) tasks.insert.delay(1000 + value);
  });
  pqxx::connection connection{support::database_url()};
  pqxx::work locks{connection};
  locks.exec("SELECT FROM " + schema.name() + ".job FOR UPDATE");
  auto& worker = start_worker();
  expect_quick_ones_done();
  EXPECT_TRUE(eventually([&] { return broker->counts("default").delayed == kJobs; }));
  EXPECT_LT(worker.count("job put off: another transaction has it right now"), kJobs / 4);
  locks.commit();
  EXPECT_TRUE(eventually([&] { return effects().size() == kQuick + kJobs; }, kForAllShares));
  EXPECT_EQ(app.database().exec("SELECT max(attempt) FROM effect")[0][0].as<int>(), 1);
  EXPECT_TRUE(eventually_empty());
}

}  // namespace
}  // namespace aftercommit
