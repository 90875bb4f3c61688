#include "fault/harness/unique_rule.hpp"

#include <cstddef>
#include <map>

namespace aftercommit::fault {
namespace {

bool says(const UniqueAsk& ask, const char* rule) { return ask.key.starts_with(rule); }

}  // namespace

std::set<std::string> may_be_replaced(const std::vector<UniqueAsk>& asks) {
  std::set<std::string> replaced;
  std::map<std::string, std::string> latest;  // job, by key
  for (const auto& ask : asks) {
    if (!ask.own || (!says(ask, "replace") && !says(ask, "debounce"))) continue;
    auto& before = latest[ask.key];
    if (!before.empty()) replaced.insert(before);
    before = ask.job;
  }
  return replaced;
}

std::vector<std::string> judge_unique(const std::vector<UniqueAsk>& asks,
                                      const std::vector<BodyTime>& bodies) {
  auto wrong = find_overlaps(bodies);
  std::map<std::string, const BodyTime*> body_of;
  for (const auto& body : bodies) body_of[body.job] = &body;
  std::map<std::string, std::set<std::string>> made;                // jobs, by key
  std::map<std::string, std::vector<const BodyTime*>> took_effect;  // those of them, in their order
  for (const auto& ask : asks) {
    const auto job = "job " + ask.job + " of the unique key '" + ask.key + "'";
    if (!ask.own) {
      if (!made[ask.key].contains(ask.job)) wrong.push_back(job + " was the answer, and nobody had made it");
      continue;
    }
    if (!made[ask.key].insert(ask.job).second) wrong.push_back(job + " was made by two requests");
    const auto body = body_of.find(ask.job);
    if (body == body_of.end()) continue;  // replaced, cancelled or dead
    auto& before = took_effect[ask.key];
    const std::size_t others = says(ask, "skip") ? 1 : 2;
    if (before.size() >= others) {
      const auto& held = *before[before.size() - others];
      if (ask.asked_us < held.ended_us) {
        wrong.push_back(job + " was made " + std::to_string(held.ended_us - ask.asked_us) +
                        " us before job " + held.job + " had ended, which still had the key");
      }
    }
    before.push_back(body->second);
  }
  return wrong;
}

}  // namespace aftercommit::fault
