/// What the oracle expects of a flow: each of its steps once, in their order, and what it was given.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fault/harness/journey_plan.hpp"

namespace aftercommit::fault {

/// What a step has left.
struct StepEffect {
  long place = 0;
  std::string kind{};
  long value = 0;
  long long at_us = 0;
};

/// An event that somebody has given, in a transaction that is committed, and the answer.
struct Gift {
  long place = 0;
  long value = 0;
  std::string answer{};
};

/// All that is known of one.
struct JourneyStory {
  std::string job{};  ///< as sentences call it
  Journey journey{};
  std::vector<StepEffect> effects{};  ///< in the order in which they were made
  std::vector<Gift> gifts{};          ///< likewise
  bool may_have_stopped = false;      ///< it is dead, or was cancelled
  bool is_dead = false;               ///< then it takes another event for the one that it died of
  long long cancelled_us = 0;         ///< when somebody was told that it will go no further; 0: nobody was
};

/// Sentences.
struct JourneyFindings {
  std::vector<std::string> lost{};     ///< a step that it has passed over, or not come to
  std::vector<std::string> doubled{};  ///< a step with two effects, an event with two that were first
  std::vector<std::string>
      ghosts{};  ///< what it has seen of a transaction that rolled back, or done though cancelled
  std::vector<std::string> wrong{};  ///< another answer than it was given, or too early
};
JourneyFindings judge_journey(const JourneyStory& story);

}  // namespace aftercommit::fault
