/// Replies that are lost on their way, and networks that go silent.
#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "fault/harness/fault_fixture.hpp"
#include "support/servers/postgres_proxy.hpp"
#include "support/servers/tcp_proxy.hpp"

namespace aftercommit::fault {
namespace {

class LostReply : public FaultTest {
 protected:
  std::string redis_through(const support::TcpProxy& proxy) {
    return "redis://127.0.0.1:" + std::to_string(proxy.port());
  }
};

TEST_F(LostReply, OfRedisAtAnyByteLosesAndDoublesNothing) {  // P5, P6, P7
  support::TcpProxy proxy{redis.port()};
  auto& worker = start_worker({.environment = {{"REDIS_URL", redis_through(proxy)}}});
  std::mt19937_64 random{site.seed};
  constexpr int kCuts = 60;
  for (int cut = 0; cut < kCuts; ++cut) {
    const auto connections = proxy.accepted();
    proxy.cut_after_reply_bytes(std::uniform_int_distribution<>{0, 600}(random));
    produce(2);
    // The fetch, the settling, a promotion or a heartbeat of the worker: whichever comes to that byte.
    ASSERT_TRUE(eventually([&] { return proxy.accepted() > connections; })) << worker.log();
  }
  proxy.cut_after_reply_bytes(-1);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_TRUE(worker.runs());
}

TEST_F(LostReply, OfEveryCallOfAProducerLosesNoDurableJob) {  // P6, P10
  start_worker();
  support::TcpProxy proxy{redis.port()};
  proxy.swallow_replies(true);
  auto& producer = start_producer(kFirst, 3, {{"REDIS_URL", redis_through(proxy)}});
  EXPECT_EQ(producer.exit_code(60s), 0) << "it waits for ever";
  expect_promises_kept();
}

TEST_F(LostReply, OfRedisForLongerThanTheLeaseLetsAnotherWorkerTakeOver) {  // P5, P7
  support::TcpProxy proxy{redis.port()};
  HeldKey key{postgres.url(), 5};
  auto& cut_off = start_worker({.environment = {{"REDIS_URL", redis_through(proxy)}}});
  std::string held;
  transact([&](Transaction&, Intent& intent) { held = ask(intent, tasks.locked, {}, 1L, 5L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  proxy.swallow_replies(true);
  produce(20);
  auto& other = start_worker();
  EXPECT_TRUE(eventually([&] { return runs_of(held).size() == 2; }, 15s)) << other.log();
  key.release();
  EXPECT_TRUE(eventually([&] { return effects_of(held) == 1; }));
  proxy.swallow_replies(false);
  proxy.cut_after_reply_bytes(0);
  produce(20);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << cut_off.log();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_TRUE(cut_off.runs());
}

TEST_F(LostReply, OfPostgresqlForAWhileLosesAndDoublesNothing) {  // P5, P7
  support::PostgresProxy proxy{postgres};
  auto& cut_off = start_worker({.environment = {{"DATABASE_URL", proxy.url()}}});
  start_worker();
  for (int i = 0; i < 6; ++i) {
    produce(10);
    const auto held = proxy.held();
    proxy.go_silent(true);
    produce(5);
    EXPECT_TRUE(eventually([&] { return proxy.held() > held; })) << "nobody noticed";
    if (i % 2 == 0) proxy.cut();
    proxy.go_silent(false);
  }
  expect_promises_kept();
  EXPECT_TRUE(cut_off.runs()) << cut_off.log();
}

TEST_F(LostReply, OfPostgresqlToAWorkerWhoseLeaseEndsFreesItsLocks) {  // P5, P7
  support::PostgresProxy proxy{postgres};
  support::TcpProxy redis_proxy{redis.port()};
  auto& cut_off = start_worker(
      {.environment = {{"DATABASE_URL", proxy.url()}, {"REDIS_URL", redis_through(redis_proxy)}}});
  HeldKey key{postgres.url(), 6};
  std::string held;
  transact([&](Transaction&, Intent& intent) { held = ask(intent, tasks.locked, {}, 2L, 6L).id; });
  ASSERT_TRUE(eventually_blocked_on_advisory_lock());
  proxy.go_silent(true);  // the whole machine is cut off
  redis_proxy.swallow_replies(true);
  key.release();
  std::string other;
  transact([&](Transaction&, Intent& intent) { other = ask(intent, tasks.ok, {}, 2L).id; });
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects_of(held) == 1 && effects_of(other) == 1; }, 15s))
      << "its session still holds the rows";
  proxy.go_silent(false);
  redis_proxy.swallow_replies(false);
  redis_proxy.cut_after_reply_bytes(0);
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << cut_off.log();
}

}  // namespace
}  // namespace aftercommit::fault
