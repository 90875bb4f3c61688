/// A worker over four databases, each on a server of its own, with one Redis: what one of them suffers is its
/// own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/worker_connections.hpp"
#include "support/fixtures/worker_process.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::PrivatePostgres;

constexpr std::size_t kConcurrency = 4;

class WorkerOverFourDatabases : public ::testing::Test {
 protected:
  WorkerOverFourDatabases() {
    for (const auto& [alias, server] : servers) {
      auto& database = app.database(alias);
      database.exec("CREATE TABLE effect(job_id text, value bigint, attempt int)");
      database.exec("CREATE TABLE journal(job_id text, task text, attempt int, note text)");
      detail::migrate(database);
    }
  }

  void start_worker() {
    std::vector<std::string> command{AFTERCOMMIT_WORKER,
                                     "--app",
                                     AFTERCOMMIT_TEST_TASKS,
                                     "--redis",
                                     redis_url,
                                     "--concurrency",
                                     std::to_string(kConcurrency),
                                     "--processes",
                                     "0",
                                     "--lease",
                                     "3",
                                     "--heartbeat",
                                     "1",
                                     "--log-format",
                                     "json"};
    for (const auto& [alias, server] : servers) {
      command.insert(command.end(), {"--database", alias + "=" + server.url()});
    }
    worker = std::make_unique<support::WorkerProcess>(std::move(command));
    if (!worker->says("worker started")) throw std::runtime_error{"no worker started: " + worker->log()};
  }

  /// Durable jobs of values from .. from + count - 1.
  void enqueue(const std::string& alias, long from, long count) {
    app.database(alias).atomic([&] {
      for (long value = from; value < from + count; ++value) insert.delay(value);
    });
  }
  /// How many jobs have taken effect there, each at its first attempt and once; fails the test else.
  long effects(const std::string& alias) {
    const auto row = app.database(alias).exec(
        "SELECT count(*), count(DISTINCT value), coalesce(max(attempt), 1) FROM effect")[0];
    EXPECT_EQ(row[0].as<long>(), row[1].as<long>()) << alias;
    EXPECT_EQ(row[2].as<int>(), 1) << alias;
    return row[0].as<long>();
  }
  bool eventually_effects(const std::string& alias, long count) {
    return eventually([&] { return effects(alias) >= count; });
  }
  long sessions_of_workers(const std::string& alias) {
    return app.database(alias)
        .exec("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ac:%'")[0][0]
        .as<long>();
  }

  std::map<std::string, PrivatePostgres> servers = [] {
    std::map<std::string, PrivatePostgres> all;
    for (const auto* alias : {"default", "east", "north", "west"}) all.try_emplace(alias);
    return all;
  }();
  const std::string redis_url = support::fresh_redis_url();
  App app{"tests", [this] {
            AppOptions options{.redis_url = redis_url};
            for (const auto& [alias, server] : servers) options.databases[alias].url = server.url();
            return options;
          }()};
  const Task<long> insert = app.task<long>("insert");
  std::unique_ptr<support::WorkerProcess> worker;
};

TEST_F(WorkerOverFourDatabases, RunsTheJobsOfEachInItWithABoundedNumberOfConnections) {
  constexpr long kJobs = 300;
  start_worker();
  for (const auto& [alias, server] : servers) enqueue(alias, 0, kJobs);
  std::map<std::string, long> most;
  EXPECT_TRUE(eventually([&] {
    long done = 0;
    for (const auto& [alias, server] : servers) {
      most[alias] = std::max(most[alias], sessions_of_workers(alias));
      done += effects(alias);
    }
    return done == kJobs * static_cast<long>(servers.size());
  })) << worker->log();
  for (const auto& [alias, server] : servers) {
    EXPECT_EQ(effects(alias), kJobs) << alias;
    EXPECT_GT(most[alias], 0) << alias;
    EXPECT_LE(most[alias], static_cast<long>(kConcurrency + detail::kWorkerConnectionsBesideJobs)) << alias;
  }
}

TEST_F(WorkerOverFourDatabases, LosesNoneOfTheOthersWhereOneIsDownAndOneFrozen) {
  constexpr long kJobs = 100;
  start_worker();
  for (const auto& [alias, server] : servers) enqueue(alias, 0, kJobs);
  for (const auto& [alias, server] : servers) ASSERT_TRUE(eventually_effects(alias, kJobs)) << worker->log();

  enqueue("east", kJobs, kJobs);  // in the midst of which it goes
  servers.at("east").kill();
  enqueue("west", kJobs, kJobs);
  servers.at("west").freeze();
  for (const auto* alias : {"default", "north"}) enqueue(alias, kJobs, kJobs);
  for (const auto* alias : {"default", "north"}) {
    EXPECT_TRUE(eventually_effects(alias, 2 * kJobs)) << alias << '\n' << worker->log();
  }
  EXPECT_TRUE(worker->says("a database does not serve"));

  servers.at("east").start();
  servers.at("west").thaw();
  for (const auto* alias : {"east", "west"}) {
    EXPECT_TRUE(eventually_effects(alias, 2 * kJobs)) << alias << '\n' << worker->log();
    EXPECT_EQ(effects(alias), 2 * kJobs) << alias;
  }
}

TEST_F(WorkerOverFourDatabases, StartsWhileOneOfThemIsDownAndRunsItsJobsOnceItIsThere) {
  enqueue("north", 0, 10);
  enqueue("east", 0, 10);
  servers.at("east").kill();
  start_worker();
  EXPECT_TRUE(worker->says("a database is away; this worker starts without it")) << worker->log();
  EXPECT_TRUE(eventually_effects("north", 10)) << worker->log();
  servers.at("east").start();
  EXPECT_TRUE(eventually_effects("east", 10)) << worker->log();
}

}  // namespace
}  // namespace aftercommit
