#include "fault/harness/feature_load.hpp"

#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "fault/harness/load.hpp"

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;

/// Few keys, so that requests of several producers meet.  The first word says what becomes of a duplicate:
/// all requests of a key say the same.
constexpr long kKeysOfEach = 2;
struct Rule {
  const char* name;  ///< in SQL
  Unique::OnDuplicate on_duplicate;
};
constexpr Rule kRules[] = {{"skip", Unique::kSkip},
                           {"once_more", Unique::kOnceMore},
                           {"replace", Unique::kReplace},
                           {"debounce", Unique::kDebounce}};
constexpr milliseconds kUntilDue{400};  // of those that can be replaced, so that they are
constexpr milliseconds kLongestDelay{1500};
constexpr long kLimitKeys = 3;

long draw_slot(Dice& dice) { return dice.between(0, kSlots - 1); }

void ask_many(Dice& dice, Intent& intent, const Task<long>& task, std::size_t count) {
  std::vector<TaskCall<long>> calls;
  for (std::size_t i = 0; i < count; ++i) calls.emplace_back(draw_slot(dice));
  const auto asked = now_ms();
  for (const auto& id : task.apply_async_many({}, calls)) {
    intent.jobs.push_back({.id = id.str(), .task = task.name(), .asked_ms = asked});
  }
}

}  // namespace

void FeatureLoad::begin() {
  may_ask_unique_ = true;
  canceller_.cancel_due();
  journeys_.give_due();
}

bool FeatureLoad::ask(Dice& dice, Transaction& tx, Intent& intent) {
  const double kind = static_cast<double>(dice.between(0, 9999)) / 10000;
  double share = 0;
  const auto is = [&](double of) { return kind < (share += of); };
  if (is(mix_.unique)) {
    if (!may_ask_unique_) return false;  // a second key in another order would be a deadlock
    may_ask_unique_ = false;
    ask_unique(dice, tx, intent);
  } else if (is(mix_.returning)) {
    fault::ask(intent, tasks_.returning, {}, draw_slot(dice));
  } else if (is(mix_.returning_fails)) {
    fault::ask(intent, tasks_.returning_fails, {}, draw_slot(dice));
  } else if (is(mix_.one_a_key)) {
    fault::ask(intent, tasks_.one_a_key, {}, draw_slot(dice),
               "customer " + std::to_string(dice.between(1, kLimitKeys)));
  } else if (is(mix_.together)) {
    ask_many(dice, intent, usual_.together, kTogether);
  } else if (is(mix_.slow)) {
    fault::ask(intent, usual_.slow, {}, draw_slot(dice), dice.between(300, 1500));
  } else if (is(mix_.journey)) {
    journeys_.ask(dice, tx, intent);
  } else {
    return false;
  }
  return true;
}

void FeatureLoad::ask_paced(Dice dice, Intent& intent) {
  if (Clock::now() < paced_at_) return;
  paced_at_ = Clock::now() + kBetweenPaced;
  ask_many(dice, intent, tasks_.paced, kPacedAtOnce);
}

void FeatureLoad::ask_unique(Dice& dice, Transaction& tx, Intent& intent) {
  const auto& rule = kRules[dice.between(0, std::ssize(kRules) - 1)];
  const auto key = std::string{rule.name} + " " + std::to_string(dice.between(1, kKeysOfEach));
  const bool debounced = rule.on_duplicate == Unique::kDebounce;
  std::optional<milliseconds> countdown;
  std::optional<milliseconds> longest_delay;
  if (debounced || rule.on_duplicate == Unique::kReplace) countdown = kUntilDue;
  if (debounced) longest_delay = kLongestDelay;
  const auto slot = draw_slot(dice);
  const auto asked = now_ms();
  std::string job;
  bool own = false;
  if (dice.falls(0.5)) {
    const auto made = tasks_.unique.apply_unique(
        {.countdown = countdown,
         .unique = Unique{.key = key, .on_duplicate = rule.on_duplicate, .longest_delay = longest_delay}},
        slot, key);
    job = made.id.str();
    own = made.own;
  } else {
    job = tx.exec(
                "SELECT aftercommit.enqueue($1, $2, queue => $3, countdown => $4, unique_key => $5, "
                "on_duplicate => $6, longest_delay => $7)",
                tasks_.unique.name(), "[" + std::to_string(slot) + ", \"" + key + "\"]", kLoadQueue,
                countdown, key, rule.name, longest_delay)[0][0]
              .as<std::string>();
    own = tx.exec("SELECT current_setting('aftercommit.own')")[0][0].as<std::string>() == "on";
  }
  tx.exec("INSERT INTO unique_ask(key, job_id, own) VALUES ($1, $2, $3)", key, job, own);
  if (!own) return;
  // A debounced one is due earlier where the first request has waited for long.
  const auto wait = debounced ? 0 : countdown.value_or(milliseconds{0}).count();
  intent.jobs.push_back({.id = job, .task = tasks_.unique.name(), .asked_ms = asked, .countdown_ms = wait});
}

}  // namespace aftercommit::fault
