#include "fault/harness/journey_oracle.hpp"

#include <algorithm>
#include <iterator>

namespace aftercommit::fault {

JourneyOracle::JourneyOracle(pqxx::nontransaction& session) {
  for (const auto& row : session.exec("SELECT flow, seed, count, inner_one FROM journey_ask")) {
    auto& told = flows_[row[0].as<std::string>()];
    told.journey = {.seed = row[1].as<long>(), .count = row[2].as<long>(), .inner = row[3].as<bool>()};
    told.asked = true;
  }
  for (const auto& row : session.exec("SELECT flow, place, kind, value, attempt, "
                                      "(extract(epoch FROM at) * 1000000)::bigint FROM journey_effect "
                                      "ORDER BY id")) {
    flows_[row[0].as<std::string>()].effects.push_back({.place = row[1].as<long>(),
                                                        .kind = row[2].as<std::string>(),
                                                        .value = row[3].as<long>(),
                                                        .at_us = row[5].as<long long>()});
    ++steps_;
    retried_ += row[4].as<int>() > 1 ? 1 : 0;
  }
  for (const auto& row : session.exec("SELECT flow, place, value, answer FROM journey_gift ORDER BY id")) {
    flows_[row[0].as<std::string>()].gifts.push_back(
        {.place = row[1].as<long>(), .value = row[2].as<long>(), .answer = row[3].as<std::string>()});
  }
  for (const auto& row : session.exec("SELECT job_id, task, flow FROM journey_child")) {
    children_.push_back({.job = row[0].as<std::string>(),
                         .task = row[1].as<std::string>(),
                         .flow = row[2].as<std::string>()});
  }
}

void JourneyOracle::judge(const std::map<std::string, End>& ends, Findings& findings) const {
  const auto add = [](std::vector<std::string>& list, std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(list));
  };
  for (const auto& [id, told] : flows_) {
    const auto end = ends.find(id);
    if (end == ends.end() || !told.asked) {
      if (told.effects.empty()) continue;  // only an event for what nobody committed
      findings.ghosts.push_back("flow " + id + " has done " + std::to_string(told.effects.size()) +
                                " steps, and nobody committed it");
      continue;
    }
    auto judged = judge_journey({.job = end->second.name,
                                 .journey = told.journey,
                                 .effects = told.effects,
                                 .gifts = told.gifts,
                                 .may_have_stopped = end->second.is_dead || end->second.was_cancelled,
                                 .is_dead = end->second.is_dead,
                                 .cancelled_us = end->second.cancelled_us});
    add(findings.lost, std::move(judged.lost));
    add(findings.doubled, std::move(judged.doubled));
    add(findings.ghosts, std::move(judged.ghosts));
    add(findings.flows, std::move(judged.wrong));
    findings.gifts += static_cast<std::size_t>(
        std::ranges::count_if(told.gifts, [](const Gift& gift) { return gift.answer == "given"; }));
    ++findings.journeys;
  }
  findings.steps = steps_;
  findings.steps_retried = retried_;
  findings.flow_children = children_.size();
}

}  // namespace aftercommit::fault
