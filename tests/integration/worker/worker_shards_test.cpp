/// Workers of a queue over several shards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <numeric>
#include <pqxx/pqxx>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/contract/shards.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/postgres/worker_name.hpp"
#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_redis.hpp"
#include "support/servers/server_faults.hpp"
#include "worker/home/home.hpp"
#include "worker/relay/sweeper.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::HasSubstr;

std::vector<long> from_to(long first, long last) {
  std::vector<long> all(static_cast<std::size_t>(last - first + 1));
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// In one server, by three prefixes.
class WorkerOnShards : public support::WorkerTest {
 protected:
  explicit WorkerOnShards(std::string urls = support::fresh_redis_url() + ' ' + support::fresh_redis_url() +
                                             ' ' + support::fresh_redis_url())
      : WorkerTest{std::move(urls)} {}

  std::vector<JobId> enqueue(long first, long last, Delivery delivery = Delivery::kDurable) {
    std::vector<std::tuple<long>> calls;
    for (long i = first; i <= last; ++i) calls.emplace_back(i);
    return tasks.insert.apply_async_many({.delivery = delivery}, calls);
  }

  const Shards shards{redis_url};
};

TEST_F(WorkerOnShards, RunsTheJobsOfAllOfThemEachSentToItsOwn) {
  const auto jobs = enqueue(1, 90);
  std::vector<long> of_shard(3);
  for (const auto& job : jobs) ++of_shard[shards.of(job)];
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        eventually([&] { return make_broker(shards.at(i).url)->counts("default").ready == of_shard[i]; }));
  }
  start_worker();
  EXPECT_TRUE(eventually_effects(from_to(1, 90)));
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerOnShards, RunsJobsOnCommitAndThoseThatFailOnceAndThoseThatAreDueLater) {
  start_worker();
  enqueue(1, 30, Delivery::kOnCommit);
  for (long i = 31; i <= 40; ++i) tasks.insert.apply_async({.countdown = 200ms}, i);
  for (long i = 41; i <= 50; ++i)
    tasks.insert.apply_async({.countdown = 200ms, .delivery = Delivery::kOnCommit}, i);
  EXPECT_TRUE(eventually_effects(from_to(1, 50)));
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerOnShards, GivesBackTheJobsOfADeadProcessInEachOfThem) {
  const std::vector<std::string> short_lease{"--lease", "1", "--heartbeat", "0.3"};
  auto options = short_lease;
  options.insert(options.end(), {"--concurrency", "12", "--processes", "0"});
  auto& doomed = start_worker(std::move(options));
  support::HeldLock lock{database_url, lock_key};
  for (long i = 1; i <= 12; ++i) tasks.wait_for_lock.delay(i, lock_key);
  ASSERT_TRUE(eventually([&] { return starts() == 12; }));
  doomed.signal(SIGKILL);
  start_worker(short_lease);
  lock.release();
  EXPECT_TRUE(eventually_effects(from_to(1, 12)));
  EXPECT_TRUE(eventually_empty());
}

TEST_F(WorkerOnShards, HasItsRelayBringWhatIsMissingInEachShardAndReadsTheTableAnewForOthers) {
  {
    // Nobody has pushed them.
    const auto jobs = enqueue(1, 60);
    EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 60; }));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    auto of_shard = make_broker(shards.at(i).url);
    worker::Sweeper sweeper{
        *of_shard, app.database(), {"default"}, 1'000'000, worker::Sweeper::Limits{}, shards.share_of(i)};
    EXPECT_EQ(sweeper.sweep(), 0U) << "all are where they belong";
  }
  const Shards fewer{shards.at(0).url + ' ' + shards.at(1).url};
  std::size_t brought = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    auto of_shard = make_broker(fewer.at(i).url);
    worker::Sweeper sweeper{
        *of_shard, app.database(), {"default"}, 1'000'000, worker::Sweeper::Limits{}, fewer.share_of(i)};
    EXPECT_TRUE(eventually([&] {
      brought += sweeper.sweep();
      return !sweeper.goes_on_at();
    }));
  }
  EXPECT_EQ(static_cast<long>(brought), make_broker(shards.at(2).url)->counts("default").ready)
      << "those of the third, which is one no more, and no others";
}

TEST_F(WorkerOnShards, HearsOfNewJobsForTheRelaysOfAllOfThem) {
  start_worker({"--relay-interval", "600"});  // no look at an interval brings them
  for (long i = 1; i <= 30; ++i) {
    app.database().exec(detail::in_schema("SELECT {schema}.enqueue('insert', $1)", schema.name()),
                        "[" + std::to_string(i) + "]");
  }
  EXPECT_TRUE(eventually_effects(from_to(1, 30)));
}

TEST_F(WorkerOnShards, LeavesTheSessionsOfAWorkerAloneThatOneOfThemAloneHasLost) {
  const WorkerId other = "other-1-0123456789ab";
  const std::vector<Queue> queues{"default"};
  auto first = make_broker(shards.at(0).url);
  auto second = make_broker(shards.at(1).url);
  for (long i = 1; i <= 30; ++i) tasks.insert.delay(i);
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 30; }));
  pqxx::connection session{schema.url(detail::application_name_of(other))};
  first->renew_lease(other, queues, 1s);
  second->renew_lease(other, queues, 1s);
  EXPECT_FALSE(second->fetch(other, queues, 1, 0ms).empty());
  const std::jthread beating{[&](const std::stop_token& stop) {
    const auto stops = [&] { return stop.stop_requested(); };
    while (!eventually(stops, 100ms)) first->renew_lease(other, queues, 1s);
  }};
  auto& worker = start_worker({"--lease", "1", "--heartbeat", "0.3"});
  EXPECT_TRUE(worker.says("a worker has lost this shard and no other")) << worker.log();
  EXPECT_TRUE(eventually_effects(from_to(1, 30)));
  EXPECT_NO_THROW(pqxx::nontransaction{session}.exec("SELECT 1")) << "it may be in the midst of a job";
}

/// Two servers, of which one can be stopped.
class WorkerOnServers : public WorkerOnShards {
 protected:
  /// Whoever has served its queue had another database.
  void enter_another_database() {
    const std::vector<Queue> queues{"default"};
    make_broker(shards.at(1).url)
        ->claim_home(
            {.databases = {{.alias = "default", .token = "another", .where = "another", .instance = "1"}}},
            queues);
  }

  WorkerOnServers() : WorkerOnServers{std::make_unique<support::PrivateRedis>()} {}
  explicit WorkerOnServers(std::unique_ptr<support::PrivateRedis> second)
      : WorkerOnShards{support::fresh_redis_url() + ' ' + second->url()}, second_{std::move(second)} {}

  const std::unique_ptr<support::PrivateRedis> second_;
};

TEST_F(WorkerOnServers, StartsThoughOneDoesNotAnswerAndSaysWhich) {
  second_->kill();
  auto& worker = start_worker();
  EXPECT_THAT(worker.log(), HasSubstr("shard '" + shards.at(1).name + "' does not answer"));
  enqueue(1, 40);
  EXPECT_TRUE(eventually([&] { return effects() == from_to(1, 40); }, 30s)) << worker.log();
  second_->start();
  EXPECT_TRUE(worker.says("a shard answers again: its jobs are fetched from it")) << worker.log();
  enqueue(41, 80);
  EXPECT_TRUE(eventually_effects(from_to(1, 80)));
}

TEST_F(WorkerOnServers, FetchesNothingFromOneThatWasAwayAtTheStartBeforeThatSaysWhoseItsQueuesAre) {
  enter_another_database();
  enqueue(1, 40, Delivery::kOnCommit);
  const auto in_first = static_cast<std::size_t>(make_broker(shards.at(0).url)->counts("default").ready);
  second_->stop();
  auto& worker = start_worker();
  EXPECT_TRUE(eventually([&] { return effects().size() == in_first; })) << worker.log();
  second_->resume();
  EXPECT_TRUE(worker.says("no jobs are run until this is set right")) << worker.log();
  EXPECT_EQ(starts(), in_first);
}

TEST_F(WorkerOnServers, KeepsToWhatOneHasSaidOfItsQueuesWhileThatIsAway) {
  second_->kill();
  worker::Home home{app, {"default"}, true};
  home.enter();
  EXPECT_FALSE(home.all_known());
  EXPECT_TRUE(home.right());
  second_->start();
  enter_another_database();
  EXPECT_TRUE(eventually([&] {
    home.check();
    return home.all_known();
  }));
  EXPECT_FALSE(home.right());
  second_->kill();
  home.check();
  EXPECT_FALSE(home.right()) << "nobody has said otherwise";
}

TEST_F(WorkerOnServers, LeavesOutOneThatRefusesAndTellsWhoNeedsAllOfThem) {
  enqueue(1, 40);
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 40; }));
  support::ask_redis(*second_, {"CONFIG", "SET", "requirepass", "changed"});
  const auto anew = make_broker(redis_url);
  EXPECT_EQ(anew->counts("default").ready, make_broker(shards.at(0).url)->counts("default").ready);
  const auto silent = anew->take_silent_shards();
  ASSERT_EQ(silent.size(), 1U);
  EXPECT_EQ(silent[0].name, shards.at(1).name);
  anew->bear_silent_shards(false);
  EXPECT_THROW(anew->counts("default"), Error);
  worker::Home home{app, {"default"}, true};
  EXPECT_NO_THROW(home.enter());
  EXPECT_FALSE(home.all_known());
}

TEST_F(WorkerOnServers, SendsJobsOnCommitToTheOtherWhileOneIsAway) {
  second_->kill();
  enqueue(1, 40, Delivery::kOnCommit);
  EXPECT_EQ(make_broker(shards.at(0).url)->counts("default").ready, 40);
}

TEST_F(WorkerOnServers, NamesTheShardThatDoesNotAnswerBesideTheSumOfTheOthers) {
  enqueue(1, 40);
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 40; }));
  second_->stop();
  EXPECT_EQ(broker->counts("default").ready, make_broker(shards.at(0).url)->counts("default").ready);
  const auto silent = broker->take_silent_shards();
  ASSERT_EQ(silent.size(), 1U);
  EXPECT_EQ(silent[0].name, shards.at(1).name);
  broker->bear_silent_shards(false);
  EXPECT_THROW(broker->counts("default"), BrokerUnavailable);
}

}  // namespace
}  // namespace aftercommit
