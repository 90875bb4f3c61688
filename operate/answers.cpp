#include "operate/answers.hpp"

#include <algorithm>
#include <utility>

namespace aftercommit::operate {

bool Answers::from_redis() const {
  return !no_redis && std::ranges::none_of(outages, [](const Outage& outage) {
    return outage.is_redis() && outage.shard.empty();
  });
}

bool Answers::from_all_of_redis() const {
  return !no_redis && std::ranges::none_of(outages, &Outage::is_redis);
}

std::string name_of(const Outage& outage) {
  if (!outage.is_redis()) return "database '" + outage.alias + "'";
  return outage.shard.empty() ? "Redis" : "shard '" + outage.shard + "' of Redis";
}

Json in_json(const Answers& answers) {
  Json away = Json::array();
  for (const auto& outage : answers.outages) {
    if (!outage.is_redis()) away.push_back(outage.alias);
  }
  const bool all_answer = away.empty();
  return {{"redis_answers", answers.from_all_of_redis()},
          {"databases_answer", all_answer},
          {"databases", answers.databases},
          {"databases_away", std::move(away)}};
}

}  // namespace aftercommit::operate
