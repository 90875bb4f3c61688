#include "fault/harness/cancel_rule.hpp"

#include <algorithm>

namespace aftercommit::fault {
namespace {

bool was_told(const CancelStory& story, const char* answer) {
  return std::ranges::find(story.answers, answer) != story.answers.end();
}

/// The answer that says that it never will; empty: none does.
std::string told_never(const CancelStory& story) {
  for (const auto* answer : {"waiting", "delayed", "cancelled"}) {
    if (was_told(story, answer)) return answer;
  }
  // A durable job of which nothing is known is done.
  return !story.durable && was_told(story, "unknown") ? "unknown" : "";
}

}  // namespace

bool may_have_vanished(const CancelStory& story) {
  if (story.answers.empty()) return false;
  return !told_never(story).empty() || (was_told(story, "running") && story.state != "too_late");
}

std::vector<std::string> judge_cancel(const CancelStory& story) {
  std::vector<std::string> wrong;
  const auto say = [&](const std::string& what) { wrong.push_back(story.job + " " + what); };
  const auto effects = std::to_string(story.effects) + " effects";
  if (story.answers.empty()) return wrong;
  if (const auto answer = told_never(story); !answer.empty()) {
    if (story.effects > 0 && !story.in_steps) say("was cancelled ('" + answer + "') and has " + effects);
    if (story.durable && story.letters > 0) say("was cancelled ('" + answer + "') and is dead");
  }
  // What has no row may have died, in the broker, where nobody who cancels looks.
  const auto ends = story.effects + (story.durable ? 0 : story.letters);
  if (was_told(story, "done") && ends != 1) {
    say("is said to be done by who cancelled it, and has " + effects);
  }
  if (was_told(story, "dead") && (story.letters != 1 || story.effects > 0)) {
    say("is said to be dead by who cancelled it, and has " + effects + " and " +
        std::to_string(story.letters) + " dead letters");
  }
  if (story.state == "requested") say("was asked to stop, and nobody has seen to that");
  if (story.state == "running" && story.effects > 0 && !story.in_steps) {
    say("is said to have been stopped while it ran, and has " + effects);
  }
  if (story.state == "too_late" && story.effects + story.letters == 0 && !story.replaced) {
    say("is said to have taken effect before it could be stopped, and has not");
  }
  return wrong;
}

}  // namespace aftercommit::fault
