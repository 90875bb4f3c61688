/// Flows in the tests of an application: with a clock that a test moves, and events that it gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/testing/gtest.hpp"
#include "support/fixtures/tested_shop.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using testing::Ended;

class FlowInTest : public support::TestedShop, public ::testing::Test {
 protected:
  FlowInTest() {
    fulfil.run([this](FlowContext& flow, long id) -> Flow { return fulfil_order(flow, id); });
  }

  Flow fulfil_order(FlowContext& flow, long id) {
    co_await flow.step("pay", [&](Transaction& tx) { tx.exec("INSERT INTO paid VALUES ($1)", id); });
    co_await flow.sleep("cooling-off", 24h);
    answer = co_await flow.event<std::string>("approved", 72h);
    co_await flow.step("ship", [&](Transaction& tx) { tx.exec("INSERT INTO paid VALUES ($1)", -id); });
  }

  FlowTask<long> fulfil = app.flow<long>("fulfil");
  std::optional<std::string> answer{};
};

TEST_F(FlowInTest, SleepsByTheClockOfTheTestAndTakesItsEvent) {
  const testing::RolledBackTransaction transaction{app};
  const auto id = fulfil.delay(7);
  const auto first = testing::drain(app);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].ended, Ended::kSnoozed) << first[0].text();
  EXPECT_EQ(count("paid"), 1U);
  testing::advance(app, clock, 23h);
  EXPECT_EQ(testing::advance(app, clock, 1h).size(), 1U) << "it waits for the event now";
  EXPECT_EQ(app.signal(id, "approved", "by Ada"), Signalled::kGiven);
  const auto last = testing::drain(app);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_TRUE(last[0].done()) << last[0].text();
  EXPECT_EQ(answer, "by Ada");
  EXPECT_EQ(count("paid"), 2U);
}

TEST_F(FlowInTest, GoesOnWithoutAnEventThatDoesNotComeInTime) {
  const testing::RolledBackTransaction transaction{app};
  const auto id = fulfil.delay(7);
  const auto runs = testing::advance(app, clock, 24h + 72h);
  ASSERT_FALSE(runs.empty());
  EXPECT_TRUE(runs.back().done()) << runs.back().text();
  EXPECT_EQ(answer, std::nullopt);
  EXPECT_EQ(app.signal(id, "approved", "too late"), Signalled::kEnded);
}

TEST_F(FlowInTest, GoesBackBeforeItIsDeadAndThenCallsTheHookOfItsTask) {
  const auto trip = app.flow<long>("trip", {.max_retries = 0});
  trip.run([](FlowContext& flow, long id) -> Flow {
    co_await flow.step("pay", [&](Transaction& tx) { tx.exec("INSERT INTO paid VALUES ($1)", id); });
    flow.on_failure("pay back",
                    [id](Transaction& tx) { tx.exec("INSERT INTO paid VALUES (-$1::bigint)", id); });
    co_await flow.step("book", [](Transaction&) { throw std::runtime_error{"no seat is left"}; });
  });
  trip.on_failure([](Job& job, const FailedJob& failed, long id) {
    job.transaction().exec("INSERT INTO sent SELECT $1, count(*) FROM paid", id);
    EXPECT_THAT(failed.reason, ::testing::StartsWith("no seat is left; what it had done is undone"));
    EXPECT_EQ(failed.attempts, 1);
  });
  const testing::RolledBackTransaction transaction{app};
  trip.delay(7);
  const auto runs = testing::drain(app);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].ended, Ended::kDead) << runs[0].text();
  EXPECT_EQ(app.database().exec("SELECT attempt FROM sent")[0][0].as<int>(), 2) << "undone before";
}

class NoFlowInTest : public support::TestedShop, public ::testing::Test {};

TEST_F(NoFlowInTest, AsksNothingOfTheTablesOfFlows) {
  testing::migrate(app);
  pay.delay(7);
  outside.exec("DROP TABLE flow");
  EXPECT_EQ(testing::drain(app).size(), 2U) << "the payment, and its receipt";
  EXPECT_EQ(count("sent"), 1U);
}

}  // namespace
}  // namespace aftercommit
