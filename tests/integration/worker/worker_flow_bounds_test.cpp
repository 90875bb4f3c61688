/// What flows are refused, and the bounds that their steps have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FlowBounds : public support::FlowTest {
 protected:
  std::string death() { return eventually_dead(1).at(0).reason; }
};

/// As another producer may have made it, who does not know what a flow is.
TEST_F(FlowBounds, OfAFlowWithoutARowLetItDieBeforeItBegins) {
  const auto flow = begin(1, "step a");
  const auto stray = JobId::generate();
  auto envelope = nlohmann::json::parse(table.find(flow).value().envelope);
  ASSERT_EQ(envelope.at("durable"), true);
  envelope.erase("durable");
  envelope["id"] = stray.str();
  enqueue_raw(envelope.dump());
  start_worker();
  const auto letter = eventually_dead(1).at(0);
  EXPECT_THAT(letter.reason, HasSubstr("a flow is a durable job"));
  EXPECT_EQ(letter.job.value().id, stray);
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(texts(stray), IsEmpty());
  EXPECT_THAT(effects_in_order(), ElementsAre(101)) << "of the one that has a row";
}

TEST_F(FlowBounds, OfAllRefuseAChildThatIsUniqueAndRollItsStepBack) {
  start_worker();
  const auto flow = begin(1, "unique prints;step b");
  EXPECT_THAT(death(), HasSubstr("a flow cannot wait for a job of task 'insert'"));
  EXPECT_THAT(effects(), IsEmpty());
  EXPECT_THAT(steps(flow), IsEmpty());
}

TEST_F(FlowBounds, OfAStepRefuseAResultOverThePayloadLimitAndRollItBack) {
  start_worker();
  const auto flow = begin(1, "large a " + std::to_string(2 * defaults::kPayloadLimit) + ";step b");
  EXPECT_THAT(death(), HasSubstr("over the payload limit of " + std::to_string(defaults::kPayloadLimit)));
  EXPECT_THAT(effects(), IsEmpty());
  EXPECT_THAT(steps(flow), IsEmpty());
}

TEST_F(FlowBounds, OfTimeHoldForEachStepByItself) {
  start_worker();
  const auto flow =
      tasks.flow.apply_async({.max_retries = 0, .time_limit = 3s}, 1, "work a 1600;work b 1600");
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102));
}

/// It may have undos, so its body is called once more, and does not end again.
TEST_F(FlowBounds, OfTimeLetAFlowDieThatDoesNotComeToItsNextStepAndCannotBeInterrupted) {
  start_worker();
  tasks.flow.apply_async({.max_retries = 0, .time_limit = 1s}, 1, "step a;spin");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_THAT(letter.reason, HasSubstr("timed out in task 'flow' after 1 s"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
}

}  // namespace
}  // namespace aftercommit
