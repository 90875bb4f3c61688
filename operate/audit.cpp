#include "operate/audit.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace aftercommit::operate {
namespace {

Json in_json(const Standing& standing) {
  return {{"waiting", standing.waiting},
          {"delayed", standing.delayed},
          {"running", standing.running},
          {"dead", standing.dead}};
}

Json in_json(const DurableStanding& standing) {
  return {{"committed", standing.rows + standing.dead},
          {"rows", standing.rows},
          {"waiting", standing.waiting},
          {"delayed", standing.delayed},
          {"running", standing.running},
          {"not_in_redis", standing.not_in_redis},
          {"moving", standing.moving},
          {"stranded", standing.stranded},
          {"passed", standing.passed},
          {"dead", standing.dead}};
}

template <class Standings>
Json queues_in_json(const Standings& standings) {
  Json queues = Json::array();
  for (const auto& [queue, standing] : standings) {
    Json entry{{"queue", queue}};
    entry.update(in_json(standing));
    queues.push_back(std::move(entry));
  }
  return {{"queues", std::move(queues)}, {"sum", in_json(sum(standings))}};
}

}  // namespace

std::vector<Disagreement> grouped(const Findings& findings, const std::string& redis_url) {
  std::vector<Disagreement> all;
  for (const auto& [kind, queue, subject] : findings) {  // in the order of kind and queue
    if (all.empty() || all.back().kind != kind || all.back().queue != queue) {
      all.push_back({.kind = kind, .queue = queue, .remedy = remedy(kind, queue, redis_url)});
    }
    auto& disagreement = all.back();
    if (++disagreement.count <= Disagreement::kNamed) disagreement.subjects.push_back(subject);
  }
  return all;
}

bool Audit::needs_somebody() const {
  return std::ranges::any_of(disagreements,
                             [](const Disagreement& each) { return operate::needs_somebody(each.kind); });
}

Audit audit(Servers& servers, std::chrono::milliseconds pause, const std::function<void()>& step,
            std::int64_t most_of_ledger) {
  Audit found{.census = take_census(servers, pause, step, most_of_ledger)};
  found.disagreements = grouped(found.census.findings, servers.redis_url());
  return found;
}

Json in_json(const Audit& audit) {
  const auto& census = audit.census;
  Json found = Json::array();
  for (const auto& each : audit.disagreements) {
    found.push_back({{"kind", word(each.kind)},
                     {"queue", each.queue},
                     {"count", each.count},
                     {"jobs", each.subjects},
                     {"needs_somebody", needs_somebody(each.kind)},
                     {"meaning", meaning(each.kind)},
                     {"remedy", each.remedy}});
  }
  Json elsewhere = Json::object();
  for (const auto& [alias, jobs] : census.elsewhere) elsewhere[alias] = jobs;
  return {{"agrees", audit.agrees()},
          {"needs_somebody", audit.needs_somebody()},
          {"looks", census.looks},
          {"durable", queues_in_json(census.durable)},
          {"others", queues_in_json(census.others)},
          {"ledger", census.ledger},
          {"ledger_at_least", census.ledger_at_least},
          {"cancelled", census.cancelled},
          {"elsewhere", std::move(elsewhere)},
          {"findings", std::move(found)}};
}

}  // namespace aftercommit::operate
