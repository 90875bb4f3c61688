#include "fault/harness/tick_rule.hpp"

#include <map>

namespace aftercommit::fault {

std::vector<std::string> judge_ticks(const std::vector<Tick>& took_effect, const std::vector<Tick>& died,
                                     const std::vector<PeriodicState>& states) {
  std::vector<std::string> wrong;
  std::map<std::string, std::map<long long, std::string>> job_of;  // by name and tick
  for (const auto* ticks : {&took_effect, &died}) {
    for (const auto& tick : *ticks) {
      const auto [other, is_first] = job_of[tick.name].emplace(tick.at_s, tick.job);
      if (is_first) continue;
      wrong.push_back("tick " + std::to_string(tick.at_s) + " of '" + tick.name + "' has job " +
                      other->second + " and job " + tick.job);
    }
  }
  for (const auto& state : states) {
    const auto& ticks = job_of[state.name];
    if (ticks.empty()) {
      wrong.push_back("'" + state.name + "' has never run");
      continue;
    }
    const auto first = ticks.begin()->first;
    const auto last = state.last_s.value_or(first);
    const auto newest = ticks.rbegin()->first;
    if (newest > last) {
      wrong.push_back("tick " + std::to_string(newest) + " of '" + state.name +
                      "' has run, and the last one that was made is " + std::to_string(last));
    }
    for (auto at = state.makes_up_for_all ? first : last; at <= last; ++at) {
      if (ticks.contains(at)) continue;
      wrong.push_back("tick " + std::to_string(at) + " of '" + state.name + "' is passed, and has not run");
    }
  }
  return wrong;
}

}  // namespace aftercommit::fault
