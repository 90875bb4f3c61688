/// Flows that have failed for good, and the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class FlowUndo : public support::FlowTest {
 protected:
  FlowUndo() : FlowTest{"none"} {}

  /// Its newest one, once it is among the dead.
  DeadLetter letter_of(const JobId& flow) {
    std::optional<DeadLetter> letter;
    EXPECT_TRUE(eventually([&] {
      const auto row = table.find_dead(flow);
      if (!row) return false;
      letter = std::get<DeadLetter>(decode_dead_letter(row->letter));
      return true;
    })) << workers.back().log();
    return letter.value_or(DeadLetter{});
  }
};

TEST_F(FlowUndo, GoesBackwardsOverWhatIsDoneEachOnceBeforeTheFlowIsDead) {
  start_worker();
  const auto flow = begin(1, "step a;undo back_a 0;step b;undo back_b 0;fail c 100;step d;undo back_d 0");
  const auto letter = letter_of(flow);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_THAT(letter.reason, StartsWith("c failed; what it had done is undone"));
  EXPECT_EQ(letter.job->counted_attempt(), 3) << "of what it failed in";
  EXPECT_EQ(letter.job->errors.size(), 3U);
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103, -104, -102));
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]", "step b [103]",
                                       AllOf(StartsWith("failure retries_exhausted"), HasSubstr("c failed")),
                                       "undo back_b", "undo back_a"));
  EXPECT_TRUE(table.revive(flow));
  EXPECT_THAT(letter_of(flow).reason, StartsWith("c failed; what it had done is undone"))
      << "there is nothing left";
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103, -104, -102));
}

TEST_F(FlowUndo, ThatFailsIsTriedAgainAndForGoodIsADeadLetterThatGoesOnWithItWhenItIsRetried) {
  start_worker();  // two retries each
  const auto flow = begin(1, "step a;undo back_a 0;step b;undo back_b 5;reject c");
  const auto letter = letter_of(flow);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason,
            "undo 'back_b' has failed: back_b failed; it is undone since it had failed: c is refused");
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103)) << "nothing is undone out of turn";
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually([&] { return effects_in_order().size() == 4; })) << workers.back().log();
  const auto undone = letter_of(flow);
  EXPECT_EQ(undone.cause, DeadLetter::Cause::kRejected);
  EXPECT_THAT(undone.reason, StartsWith("c is refused; what it had done is undone"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103, -104, -102));
}

TEST_F(FlowUndo, OfAFlowWhoseBodyThrowsBetweenStepsHasWhatItTookByValue) {
  start_worker();
  const auto flow = begin(1, "step a;undo back_a 0;throw");
  EXPECT_THAT(letter_of(flow).reason, StartsWith("thrown between steps; what it had done is undone"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, -102));
}

TEST_F(FlowUndo, OfAFlowThatCrashesGoesOnThoughItCrashesAsWell) {
  start_worker();
  const auto flow = begin(1, "step a;undo_crashing back_a 4;crash b 3");
  const auto letter = letter_of(flow);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kCrashed);
  EXPECT_THAT(letter.reason, HasSubstr("what it had done is undone"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, -102));
}

TEST_F(FlowUndo, WithoutAnyOneDiesAsItDid) {
  start_worker();
  const auto flow = begin(1, "step a;crash b 100");
  EXPECT_THAT(letter_of(flow).reason, StartsWith("the worker process died each of the 3 times"));
  EXPECT_EQ(letter_of(flow).job->crashes, 3);
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]"));
}

TEST_F(FlowUndo, IsNotForWhatTheRightCodeOrAnotherEventGoesOnWith) {
  start_worker();
  const auto changed = begin(1, "step a;undo back_a 0;step b;event go;step c");
  EXPECT_TRUE(eventually([&] { return waits_for(changed, "go"); }));
  change_code(1, "step a;undo back_a 0;step other;event go;step c");
  app.signal(changed, "go", "on");
  EXPECT_THAT(letter_of(changed).reason, HasSubstr("now asks for step 'other'"));
  const auto given = begin(2, "step a;undo back_a 0;truth go;step c");
  app.signal(given, "go", "no truth");
  EXPECT_THAT(letter_of(given).reason, HasSubstr("signal it another value"));
  const auto twice = begin(3, "step a;undo back_a 0;undo back_a 0");
  EXPECT_THAT(letter_of(twice).reason, HasSubstr("asks for undo 'back_a' twice"));
  EXPECT_THAT(effects(), ElementsAre(101, 103, 201, 301));
  EXPECT_EQ(app.signal(given, "go", true), Signalled::kGiven);
  EXPECT_TRUE(table.revive(given));
  EXPECT_TRUE(eventually_ended(given)) << "it goes on forwards";
}

TEST_F(FlowUndo, OfACancelledFlowIsNotDone) {
  start_worker();
  const auto flow = begin(1, "step a;undo back_a 0;event go");
  EXPECT_TRUE(eventually([&] { return waits_for(flow, "go"); }));
  EXPECT_TRUE(eventually([&] { return app.cancel(flow) != Cancelled::kRunning; }));
  const auto after = begin(2, "step a");
  EXPECT_TRUE(eventually_ended(after));
  EXPECT_THAT(effects(), ElementsAre(101, 201));
}

TEST_F(FlowUndo, AfterAChangeOfCodeDoesWhatItWasToAndWhatTheNewCodeUndoesBesides) {
  start_worker();
  const auto flow = begin(1, "step a;undo back_a 0;step b;undo back_b 100;reject c");
  EXPECT_THAT(letter_of(flow).reason, HasSubstr("undo 'back_b' has failed"));
  change_code(1, "step a;undo other 0;step b;undo back_b 0;reject c");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually([&] { return table.find_dead(flow).has_value(); }));
  EXPECT_THAT(letter_of(flow).reason, HasSubstr("its code does not ask for undo 'back_a' any more"));
  change_code(1, "step a;undo back_a 0;undo other 0;step b;undo back_b 0;reject c");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_THAT(letter_of(flow).reason, StartsWith("c is refused; what it had done is undone"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103, -105, -103, -102));
}

}  // namespace
}  // namespace aftercommit
