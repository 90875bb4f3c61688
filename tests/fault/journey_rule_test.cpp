/// The oracle's rule on flows: it finds a step that is lost, doubled or that nobody asked for, and nothing
/// where all is well.
#include "fault/harness/journey_rule.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace aftercommit::fault {
namespace {

using Sentences = std::vector<std::string>;

/// A flow with a stop of each kind, and what it leaves where nothing goes wrong.
class OracleOfFlows : public ::testing::Test {
 protected:
  OracleOfFlows() {
    while (!has_all_kinds()) ++story.journey.seed;
    long long at = 0;
    const auto plan = plan_of(story.journey);
    for (long place = 0; place < story.journey.count; ++place) {
      const auto& stop = plan[static_cast<std::size_t>(place)];
      at += 1000 * (stop.length.count() + 1);
      long value = 0;
      if (stop.kind == Stop::Kind::kCall) value = kCallAnswer;
      if (stop.kind == Stop::Kind::kChildren) value = sum_of_children(story.journey, place, stop);
      if (stop.kind == Stop::Kind::kEvent) {
        value = 100 + place;
        story.gifts.push_back({.place = place, .value = value, .answer = "given"});
        story.gifts.push_back({.place = place, .value = 900, .answer = "taken"});
      }
      if (stop.kind == Stop::Kind::kTimed)
        story.gifts.push_back({.place = place, .value = 7, .answer = "late"});
      story.effects.push_back({.place = place, .kind = to_string(stop.kind), .value = value, .at_us = at});
    }
  }

  long place_of(Stop::Kind kind) const {
    const auto plan = plan_of(story.journey);
    for (std::size_t place = 0; place < plan.size(); ++place) {
      if (plan[place].kind == kind) return static_cast<long>(place);
    }
    return -1;
  }
  StepEffect& effect_at(Stop::Kind kind) { return story.effects[static_cast<std::size_t>(place_of(kind))]; }
  std::size_t violations() const {
    const auto found = judge_journey(story);
    return found.lost.size() + found.doubled.size() + found.ghosts.size() + found.wrong.size();
  }

  JourneyStory story{.job = "job 1", .journey = {.seed = 1, .count = 20}};

 private:
  bool has_all_kinds() const {
    using Kind = Stop::Kind;
    for (const auto kind : {Kind::kNothing, Kind::kFails, Kind::kCall, Kind::kSleep, Kind::kEvent,
                            Kind::kTimed, Kind::kChildren}) {
      if (place_of(kind) < 1) return false;
    }
    return place_of(Stop::Kind::kInner) < 0;
  }
};

TEST_F(OracleOfFlows, AllowsEachStepOnceAndOneThatStoppedToHaveDoneTheFirstOfThem) {
  EXPECT_EQ(violations(), 0U);
  story.effects.resize(7);
  story.may_have_stopped = true;
  EXPECT_EQ(violations(), 0U);
}

TEST_F(OracleOfFlows, FindsAStepThatIsLost) {
  const auto place = std::to_string(story.effects.back().place);
  story.effects.pop_back();
  EXPECT_EQ(judge_journey(story).lost, Sentences{"job 1 has not done step " + place + " of 20"});
  story.may_have_stopped = true;
  EXPECT_EQ(violations(), 0U);
  story.effects.erase(story.effects.begin() + 3);
  EXPECT_EQ(judge_journey(story).lost, Sentences{"job 1 has not done step 3 of 20"})
      << "one that is dead has not passed any over";
}

TEST_F(OracleOfFlows, FindsAStepThatIsDoneTwiceAndOneThatWasNotAskedFor) {
  story.effects.push_back(story.effects.back());
  EXPECT_EQ(judge_journey(story).doubled, Sentences{"job 1 has done step 19 2 times"});
  story.effects.back().place = 20;
  EXPECT_EQ(judge_journey(story).ghosts.size(), 1U);
}

TEST_F(OracleOfFlows, FindsStepsInAnotherOrderAndASleepThatWasCutShort) {
  std::swap(story.effects[0], story.effects[1]);
  EXPECT_EQ(judge_journey(story).wrong.front(), "job 1 has done step 0 after step 1");
  std::swap(story.effects[0], story.effects[1]);
  const auto place = place_of(Stop::Kind::kSleep);
  effect_at(Stop::Kind::kSleep).at_us = story.effects[static_cast<std::size_t>(place - 1)].at_us + 1000;
  EXPECT_EQ(judge_journey(story).wrong.size(), 1U);
}

TEST_F(OracleOfFlows, FindsAnEventOfATransactionThatRolledBackAndOneThatWasNotTheFirst) {
  effect_at(Stop::Kind::kEvent).value = 1234;
  EXPECT_EQ(judge_journey(story).ghosts.size(), 1U);
  effect_at(Stop::Kind::kEvent).value = 900;
  EXPECT_EQ(judge_journey(story).wrong.size(), 1U);
}

TEST_F(OracleOfFlows, FindsTwoFirstEventsAndOneThatWasGivenAndNotMet) {
  story.gifts.push_back({.place = place_of(Stop::Kind::kEvent), .value = 5, .answer = "given"});
  EXPECT_EQ(judge_journey(story).doubled.size(), 1U);
  story.gifts.back().place = place_of(Stop::Kind::kTimed);
  EXPECT_EQ(judge_journey(story).lost.size(), 1U);
}

TEST_F(OracleOfFlows, FindsAnotherAnswerThanTheChildrenAndTheOutsideHaveGiven) {
  ++effect_at(Stop::Kind::kChildren).value;
  ++effect_at(Stop::Kind::kCall).value;
  EXPECT_EQ(judge_journey(story).wrong.size(), 2U);
}

TEST_F(OracleOfFlows, FindsAStepThatWasDoneAfterTheFlowWasCancelled) {
  story.cancelled_us = story.effects[10].at_us + 1;
  story.effects.resize(11);
  story.may_have_stopped = true;
  EXPECT_EQ(violations(), 0U);
  story.cancelled_us -= 2;
  EXPECT_EQ(judge_journey(story).ghosts,
            Sentences{"job 1 was cancelled, and has done step 10 1 us after that"});
}

}  // namespace
}  // namespace aftercommit::fault
