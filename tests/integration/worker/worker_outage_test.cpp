// A worker whose servers go away: it says so once, goes on by itself, and uses up nobody's retries.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::PrivateRedis;

constexpr const char* kBrokerAway = "the broker does not serve; trying again until it does";
constexpr const char* kBack = "the broker serves again";

class WorkerOutage : public support::WorkerTest {
 protected:
  WorkerOutage() : WorkerOutage{std::make_unique<PrivateRedis>()} {}

  /// How often the worker has said so, for its role of fetching.
  static long count(const support::WorkerProcess& worker, const std::string& message) {
    const auto events = worker.events();
    return std::ranges::count_if(events, [&](const auto& event) {
      return event.at("message") == message && event.at("role") == "fetching jobs";
    });
  }

  std::unique_ptr<PrivateRedis> redis;

 private:
  explicit WorkerOutage(std::unique_ptr<PrivateRedis> started)
      : WorkerTest{started->url()}, redis{std::move(started)} {}
};

TEST_F(WorkerOutage, OfARestartedRedisIsSaidOnceAndTheWorkerResumes) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  redis->kill();
  ASSERT_TRUE(eventually([&] { return count(worker, kBrokerAway) == 1; }));
  redis->start();
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_TRUE(eventually([&] { return count(worker, kBack) == 1; }));
  EXPECT_EQ(count(worker, kBrokerAway), 1);
  EXPECT_TRUE(worker.runs());
}

TEST_F(WorkerOutage, OfAFrozenRedisIsNoticedAndTheWorkerResumes) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  redis->stop();
  ASSERT_TRUE(eventually([&] { return count(worker, kBrokerAway) == 1; }));
  redis->resume();
  EXPECT_TRUE(eventually([&] { return count(worker, kBack) == 1; }));
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_EQ(count(worker, kBrokerAway), 1);
}

TEST_F(WorkerOutage, DoesNotKeepTheWorkerFromStopping) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  ASSERT_TRUE(eventually_empty());
  redis->kill();
  ASSERT_TRUE(eventually([&] { return count(worker, kBrokerAway) == 1; }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
}

class WorkerDatabaseOutage : private support::OnPrivatePostgres, public support::WorkerTest {
 protected:
  using OnPrivatePostgres::server;
};

TEST_F(WorkerDatabaseOutage, PutsJobsOffAndUsesUpNoRetry) {
  auto& worker = start_worker();
  server.stop();
  const auto job = tasks.insert.apply_async({.max_retries = 0, .delivery = Delivery::kOnCommit}, 1);
  ASSERT_TRUE(worker.says("a database does not serve; its jobs are put off, which uses up no retry"));
  server.start();
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(notes(job).at(0).attempt, 1);
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty());
}

/// Time enough for pauses between two questions to become long, if they did.
TEST_F(WorkerDatabaseOutage, OfLongIsOverFiveSecondsAfterItsServerIsBackAtTheLatest) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  server.stop();
  tasks.insert.apply_async({.delivery = Delivery::kOnCommit}, 2);
  ASSERT_TRUE(worker.says("a database does not serve"));
  const auto begun = std::chrono::steady_clock::now();
  eventually([] { return false; }, std::chrono::milliseconds{9000});
  ASSERT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds{9});
  server.start();
  EXPECT_TRUE(eventually(
      [&] {
        return effects() == std::vector<long>{1, 2};
      },
      std::chrono::seconds{5}))
      << worker.log();
}

TEST_F(WorkerDatabaseOutage, UnderARunningJobUsesUpNoRetry) {
  auto& worker = start_worker();
  const auto job = tasks.sleep_in_sql.apply_async({.max_retries = 0}, 1, 1.0);
  ASSERT_TRUE(eventually([&] { return starts(job) == 1; }));
  server.restart();
  EXPECT_TRUE(worker.says("a database does not serve"));
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_GE(starts(job), 2u);
  EXPECT_EQ(notes(job).back().attempt, 1);
}

/// Behind a Unix socket, where no timeout of TCP ends a wait.
TEST_F(WorkerDatabaseOutage, ByAFreezeDoesNotKeepTheWorkerFromStopping) {
  auto& worker = start_worker({"--shutdown-timeout", "1", "--relay-interval", "1"});
  const auto running = tasks.sleep_in_sql.delay(1, 60.0);
  ASSERT_TRUE(eventually([&] { return starts(running) == 1; }));
  server.freeze();
  tasks.insert.apply_async({.delivery = Delivery::kImmediate}, 2);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  server.thaw();
  start_worker();
  EXPECT_TRUE(eventually_effects({2})) << "it was given back";
}

TEST_F(WorkerDatabaseOutage, ByAFreezeDoesNotKeepAnIdleWorkerFromStopping) {
  auto& worker = start_worker({"--relay-interval", "1"});
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  server.freeze();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0);
  server.thaw();
}

TEST_F(WorkerDatabaseOutage, ThatEndsWithAStandbyIsSaidToHaveAnotherReason) {
  auto& worker = start_worker();
  server.stop();
  tasks.insert.apply_async({.delivery = Delivery::kImmediate}, 1);
  ASSERT_TRUE(worker.says("a database does not serve"));
  server.demote();
  EXPECT_TRUE(worker.says("a database still does not serve, now for another reason"));
  EXPECT_TRUE(worker.says("takes no writes: it is a standby")) << worker.log();
  server.promote();
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerDatabaseOutage, ByAStandbyUsesUpNoRetryAndSaysSo) {
  auto& worker = start_worker();
  const auto durable = tasks.insert.apply_async({.countdown = std::chrono::seconds{1}, .max_retries = 0}, 1);
  ASSERT_TRUE(eventually([&]() -> bool { return broker->has_durable("default", {&durable, 1}).at(0); }));
  server.demote();
  const auto other = tasks.insert.apply_async({.max_retries = 0, .delivery = Delivery::kOnCommit}, 2);
  ASSERT_TRUE(worker.says("takes no writes: it is a standby")) << worker.log();
  auto& late = start_worker(Start{.options = {"--no-migrate"}});
  EXPECT_TRUE(late.says("a database takes no writes"));
  EXPECT_TRUE(late.says("the name of this app could not be entered yet"));
  server.promote();
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_EQ(notes(durable).back().attempt, 1);
  EXPECT_EQ(notes(other).back().attempt, 1);
  EXPECT_TRUE(broker->dead_letters("default", 0, 1).empty());
}

TEST_F(WorkerDatabaseOutage, HidesNoOtherReasonWhyTheNameOfTheAppCannotBeEnteredAfterIt) {
  app.database().exec(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE EXCEPTION 'no more apps'; END $$");
  app.database().exec("CREATE TRIGGER refuse BEFORE INSERT ON " + schema.name() +
                      ".app FOR EACH ROW EXECUTE FUNCTION refuse()");
  server.set("default_transaction_read_only", "on");
  auto& worker = start_worker(Start{.options = {"--no-migrate", "--lease", "3", "--heartbeat", "0.1"}});
  ASSERT_TRUE(worker.says("the name of this app could not be entered yet"));
  server.set("default_transaction_read_only", "off");
  EXPECT_TRUE(worker.says("no more apps")) << worker.log();
  EXPECT_EQ(worker.times_said("the name of this app cannot be entered in a database"), 1);
}

TEST_F(WorkerDatabaseOutage, ByAReadOnlyDefaultUsesUpNoRetryAndSaysSo) {
  auto& worker = start_worker();
  server.set("default_transaction_read_only", "on");
  const auto job = tasks.insert.apply_async({.max_retries = 0, .delivery = Delivery::kOnCommit}, 1);
  ASSERT_TRUE(worker.says("default_transaction_read_only is on"));
  server.set("default_transaction_read_only", "off");
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(notes(job).back().attempt, 1);
}

}  // namespace
}  // namespace aftercommit
