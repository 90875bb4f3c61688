/// Bridges of Celery's messages that are killed at each of their steps, fed by Celery's own library.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "fault/harness/fault_fixture.hpp"
#include "fault/producers/kinds.hpp"

namespace aftercommit::fault {
namespace {

class CeleryFault : public FaultTest {
 protected:
  void SetUp() override {
    if (!AFTERCOMMIT_HAS_CELERY) GTEST_SKIP() << "Celery is not installed";
  }

  /// Transactions that each send some messages after their commit.
  Worker& start_celery_client(long first, long count, long pause_ms = 0) {
    return programs.emplace_back(
        std::vector<std::string>{AFTERCOMMIT_PYTHON, "-B", AFTERCOMMIT_FAULT_PRODUCERS "/producer.py",
                                 "celery", site.folder / ("intents-celery-" + std::to_string(first)),
                                 std::to_string(site.seed), std::to_string(first), std::to_string(count),
                                 std::to_string(pause_ms)},
        site.environment());
  }
  long waiting() {
    long messages = 0;
    for (const auto& list : celery_lists())
      messages += static_cast<long>(ask_redis_number(redis, {"LLEN", list}));
    return messages;
  }
  /// No message is lost, none has two effects, and of all there are some.
  void expect_each_took_effect_once() {
    EXPECT_TRUE(eventually([&] { return waiting() == 0; })) << programs.back().log();
    const auto findings = settle();
    EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
    EXPECT_EQ(findings.explained, 0u) << "Redis has lost nothing";
    EXPECT_EQ(findings.effects, findings.jobs);
    EXPECT_GT(findings.jobs, 20u);
  }

  const std::vector<std::string> bridge{"--celery-queue", kLoadQueue};
};

class CeleryBridgeKilledAt : public CeleryFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(CeleryBridgeKilledAt, MakesOneJobOfEachMessageAllTheSame) {  // P5, P6, P7
  for (long first = kFirst; first < kFirst + 200; first += 100) {
    EXPECT_EQ(start_celery_client(first, 20).exit_code(), 0) << programs.back().log();
    EXPECT_GT(waiting(), 10);
    auto& doomed = start_doomed(GetParam(), 1, "kill", bridge);
    EXPECT_EQ(doomed.exit_code(), kKilled) << doomed.log();
  }
  start_worker(bridge);
  expect_each_took_effect_once();
}

INSTANTIATE_TEST_SUITE_P(Steps, CeleryBridgeKilledAt,
                         ::testing::Values("celery.after_take", "received.before_commit",
                                           "received.after_commit", "celery.after_forget"),
                         name_of);

TEST_F(CeleryFault, OfBridgesBesideEachOtherThatAreKilledAgainAndAgainLosesAndDoublesNothing) {  // P5, P6, P7
  start_worker(bridge);
  auto& client = start_celery_client(kFirst, 150, 10);
  for (int i = 0; i < 3; ++i) {
    auto& doomed = start_worker(bridge);
    const auto seen = effects();
    EXPECT_TRUE(eventually([&] { return effects() > seen + 20 || !client.runs(); })) << doomed.log();
    doomed.signal(SIGKILL);
  }
  EXPECT_EQ(client.exit_code(), 0) << client.log();
  expect_each_took_effect_once();
}

}  // namespace
}  // namespace aftercommit::fault
