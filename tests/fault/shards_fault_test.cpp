/// A queue over three Redis servers, of which one dies, freezes or loses its data in the midst of work, and
/// of which some come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

constexpr const char* kAway =
    "a shard does not answer: its durable jobs are taken straight from their tables until it does";
constexpr const char* kShardIsBack = "a shard answers again: its jobs are fetched from it";

class ShardsFault : public FaultTest {
 protected:
  ShardsFault() : FaultTest{support::kKeepsData, {}, 3} {}

  support::PrivateRedis& second() { return site.more_redis.front(); }

  static std::map<std::string, std::string> with(const std::vector<const support::PrivateRedis*>& shards) {
    std::string urls;
    for (const auto* const shard : shards) urls += (urls.empty() ? "" : "  ") + shard->url();
    return {{"REDIS_URL", urls}};
  }
  Worker& start_worker_on(const std::vector<const support::PrivateRedis*>& shards) {
    return start_worker(Start{.environment = with(shards)});
  }
  /// So many transactions, of fourteen jobs each.
  void ask_for(int transactions) {
    constexpr long kJobs = 12;  // and two others: one for each slot
    for (int i = 0; i < transactions; ++i) {
      transact([&](Transaction&, Intent& intent) {
        for (long slot = 0; slot < kJobs; ++slot) ask(intent, tasks.ok, {}, slot);
        ask(intent, tasks.fail_once, {}, kJobs);
        ask(intent, tasks.ok, {.countdown = 300ms}, kJobs + 1);
      });
    }
  }
  bool eventually_no_rows() {
    return eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }, 40s);
  }
  static long jobs_in(const support::PrivateRedis& shard) {
    long jobs = 0;
    for (const auto* const queue : {"load", "bulk"}) {
      const auto stem = std::string{"ac:{"} + queue + "}:";
      jobs += static_cast<long>(ask_redis_number(shard, {"XLEN", stem + "stream"}) +
                                ask_redis_number(shard, {"ZCARD", stem + "delayed"}));
    }
    return jobs;
  }
  /// Both workers have to have seen it.
  void expect_said_by_all(const char* sentence) {
    for (auto& worker : programs) EXPECT_TRUE(worker.says(sentence)) << worker.log();
  }
};

TEST_F(ShardsFault,
       OneOfThreeThatFreezesUnderLoadKeepsNobodyElseAndItsDurableJobsRunMeanwhile) {  // P5, P6, P7
  start_worker();
  start_worker();
  ask_for(3);
  second().stop();
  ask_for(3);
  expect_said_by_all(kAway);
  for (int round = 0; round < 4; ++round) {
    ask_for(3);
    EXPECT_TRUE(eventually_no_rows()) << programs.front().log();
  }
  second().resume();
  expect_said_by_all(kShardIsBack);
  ask_for(3);
  expect_promises_kept();
}

TEST_F(ShardsFault, OneOfThreeThatDiesUnderLoadLosesAndDoublesNoDurableJob) {  // P6, P7
  start_worker();
  start_worker();
  auto& producer = start_producer(kFirst, 60, {}, {}, 20);
  const auto before = effects();
  ASSERT_TRUE(eventually([&] { return effects() > before + 5; }));
  site.broker_losses.push_back(now_ms());  // of what its file did not hold yet
  second().kill();
  EXPECT_EQ(producer.exit_code(90s), 0);
  EXPECT_TRUE(eventually_no_rows()) << "what was its own runs from the table";
  second().start();
  ask_for(1);
  expect_promises_kept();
}

TEST_F(ShardsFault, OneOfThreeThatLosesItsDataGetsItsDurableJobsBackFromTheRelay) {  // P6, P7
  start_worker();
  start_worker();
  auto& producer = start_producer(kFirst, 60, {}, {}, 20);
  const auto before = effects();
  ASSERT_TRUE(eventually([&] { return effects() > before + 5; }));
  site.broker_losses.push_back(now_ms());
  ask_redis(second(), {"FLUSHALL"});
  EXPECT_EQ(producer.exit_code(90s), 0);
  expect_promises_kept();
}

TEST_F(ShardsFault, ThatComeAndGoUnderLoadAsTheGuideSaysLoseAndDoubleNothing) {  // P6, P7
  const auto all = site.all_redis();
  const std::vector<const support::PrivateRedis*> two{all[0], all[1]}, three = all, last{all[0], all[2]};
  auto& first = start_worker_on(two);
  start_producer(kFirst, 30, with(two), {}, 20);
  ASSERT_TRUE(eventually([&] { return effects() > 5; }));

  // One comes: workers first, then who asks for jobs.
  start_worker_on(three);
  first.signal(SIGTERM);
  ASSERT_EQ(first.exit_code(30s), 0) << first.log();
  EXPECT_EQ(start_producer(2 * kFirst, 30, with(three), {}, 20).exit_code(60s), 0);
  EXPECT_GT(ask_redis_number(*all[2], {"EXISTS", "ac:{load}:stream"}), 0) << "it has had jobs";

  // One goes: who asks for jobs first, then workers, once it is empty.
  auto& producer = start_producer(3 * kFirst, 40, with(last), {}, 20);
  auto& middle = *std::next(programs.begin(), 2);
  ASSERT_TRUE(eventually([&] { return jobs_in(*all[1]) == 0; }, 30s));
  start_worker_on(last);
  middle.signal(SIGTERM);
  ASSERT_EQ(middle.exit_code(30s), 0) << middle.log();
  EXPECT_EQ(producer.exit_code(60s), 0);
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
