#include "operate/answers.hpp"

#include <algorithm>
#include <utility>

namespace aftercommit::operate {

bool Answers::from_redis() const { return !no_redis && std::ranges::none_of(outages, &Outage::is_redis); }

Json in_json(const Answers& answers) {
  Json away = Json::array();
  for (const auto& outage : answers.outages) {
    if (!outage.is_redis()) away.push_back(outage.alias);
  }
  const bool all_answer = away.empty();
  return {{"redis_answers", answers.from_redis()},
          {"databases_answer", all_answer},
          {"databases", answers.databases},
          {"databases_away", std::move(away)}};
}

}  // namespace aftercommit::operate
