#include "fault/harness/journey_rule.hpp"

#include <algorithm>
#include <optional>

namespace aftercommit::fault {
namespace {

using Kind = Stop::Kind;

class JourneyJudge {
 public:
  explicit JourneyJudge(const JourneyStory& story) : story_{story}, plan_{plan_of(story.journey)} {}

  JourneyFindings judge() {
    const StepEffect* before = nullptr;
    for (const auto& effect : story_.effects) {
      judge_effect(effect, before);
      before = &effect;
    }
    judge_what_is_there();
    for (long place = 0; place < size(); ++place) judge_gifts(place);
    return std::move(findings_);
  }

 private:
  long size() const { return static_cast<long>(plan_.size()); }

  void judge_effect(const StepEffect& effect, const StepEffect* before) {
    if (effect.place < 0 || effect.place >= size() ||
        to_string(plan_[static_cast<std::size_t>(effect.place)].kind) != effect.kind) {
      say(findings_.ghosts,
          "has done " + effect.kind + " " + std::to_string(effect.place) + ", which it was not asked for");
      return;
    }
    const auto& stop = plan_[static_cast<std::size_t>(effect.place)];
    if (story_.cancelled_us != 0 && effect.at_us > story_.cancelled_us) {
      say(findings_.ghosts, "was cancelled, and has done " + name_of(effect.place) + " " +
                                std::to_string(effect.at_us - story_.cancelled_us) + " us after that");
    }
    judge_value(effect, stop);
    if (before == nullptr) return;
    if (before->place > effect.place) {
      say(findings_.wrong, "has done " + name_of(effect.place) + " after " + name_of(before->place));
    }
    const bool waited =
        stop.kind == Kind::kSleep || (stop.kind == Kind::kTimed && effect.value == kNotInTime);
    const auto took_ms = (effect.at_us - before->at_us) / 1000;
    if (waited && before->place + 1 == effect.place && took_ms < stop.length.count()) {
      say(findings_.wrong, "has waited " + std::to_string(took_ms) + " ms at " + name_of(effect.place) +
                               ", and not " + std::to_string(stop.length.count()));
    }
  }

  void judge_value(const StepEffect& effect, const Stop& stop) {
    if (stop.kind == Kind::kEvent || (stop.kind == Kind::kTimed && effect.value != kNotInTime)) {
      const auto gift = std::ranges::find_if(story_.gifts, [&](const Gift& one) {
        return one.place == effect.place && one.value == effect.value;
      });
      if (gift == story_.gifts.end()) {
        say(findings_.ghosts, "has met event " + std::to_string(effect.value) + " at " +
                                  name_of(effect.place) + ", and nobody who committed gave it");
      } else if (gift->answer != "given") {
        say(findings_.wrong,
            "has met an event at " + name_of(effect.place) + " that was '" + gift->answer + "'");
      }
      return;
    }
    if (stop.kind == Kind::kTimed) {
      if (was_told(effect.place, "given")) {
        say(findings_.lost, "has met no event at " + name_of(effect.place) + ", and one was given");
      }
      return;
    }
    auto expected = 0L;
    if (stop.kind == Kind::kCall) expected = kCallAnswer;
    if (stop.kind == Kind::kChildren) expected = sum_of_children(story_.journey, effect.place, stop);
    if (effect.value != expected) {
      say(findings_.wrong, "was answered " + std::to_string(effect.value) + " at " + name_of(effect.place) +
                               ", and not " + std::to_string(expected));
    }
  }

  void judge_what_is_there() {
    long last = -1;
    for (const auto& effect : story_.effects) last = std::max(last, effect.place);
    for (long place = 0; place < size(); ++place) {
      const auto times = std::ranges::count(story_.effects, place, &StepEffect::place);
      if (times > 1)
        say(findings_.doubled, "has done " + name_of(place) + " " + std::to_string(times) + " times");
      if (times == 0 && (place < last || !story_.may_have_stopped)) {
        say(findings_.lost, "has not done " + name_of(place) + " of " + std::to_string(size()));
      }
    }
  }

  void judge_gifts(long place) {
    const auto firsts = std::ranges::count_if(
        story_.gifts, [&](const Gift& gift) { return gift.place == place && gift.answer == "given"; });
    if (firsts > 1 && !story_.is_dead) {
      say(findings_.doubled, "was given " + std::to_string(firsts) + " first events at " + name_of(place));
    }
    const auto effect = std::ranges::find(story_.effects, place, &StepEffect::place);
    if (effect == story_.effects.end()) return;
    if (was_told(place, "late") && effect->value != kNotInTime) {
      say(findings_.wrong, "has met an event at " + name_of(place) + ", and another one was 'late' for it");
    }
    if (was_told(place, "taken") && firsts == 0) {
      say(findings_.wrong,
          "has refused an event at " + name_of(place) + " for another one, which nobody gave");
    }
  }

  bool was_told(long place, const char* answer) const {
    return std::ranges::any_of(
        story_.gifts, [&](const Gift& gift) { return gift.place == place && gift.answer == answer; });
  }

  static std::string name_of(long place) { return "step " + std::to_string(place); }
  void say(std::vector<std::string>& list, const std::string& what) const {
    list.push_back(story_.job + " " + what);
  }

  const JourneyStory& story_;
  const std::vector<Stop> plan_;
  JourneyFindings findings_;
};

}  // namespace

JourneyFindings judge_journey(const JourneyStory& story) { return JourneyJudge{story}.judge(); }

}  // namespace aftercommit::fault
