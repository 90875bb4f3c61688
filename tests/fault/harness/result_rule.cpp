#include "fault/harness/result_rule.hpp"

#include <algorithm>

namespace aftercommit::fault {

std::vector<std::string> judge_result(const ReturnStory& story) {
  if (story.effects.empty()) {
    if (!story.kept) return {};
    return {story.job + " has not taken effect, and " + *story.kept + " is kept as its result"};
  }
  if (!story.kept) return {story.job + " has taken effect, and its result is not there"};
  const bool is_its_own =
      std::ranges::any_of(story.effects, [&](long effect) { return std::to_string(effect) == *story.kept; });
  if (is_its_own) return {};
  return {story.job + " has written effect " + std::to_string(story.effects.front()) + ", and " +
          *story.kept + " is kept as its result"};
}

}  // namespace aftercommit::fault
