#include "cli/outages.hpp"

#include <algorithm>
#include <iostream>

namespace aftercommit::cli {
namespace {

constexpr std::size_t kErrorShown = 1000;

bool is_redis(const Outage& outage) { return outage.alias.empty(); }

}  // namespace

bool redis_is_among(const std::vector<Outage>& outages) { return std::ranges::any_of(outages, is_redis); }

void tell_outages(const std::vector<Outage>& outages, std::string_view before, std::string_view after) {
  std::cout.flush();  // first what there is
  for (const auto& outage : outages) {
    std::cerr << "aftercommit: " << before
              << (is_redis(outage) ? std::string{"Redis"} : "database '" + outage.alias + "'") << after
              << ", because it does not answer: " << one_line(outage.error, kErrorShown) << '\n';
  }
}

Json answers(const std::vector<std::string>& databases, const std::vector<Outage>& outages) {
  Json away = Json::array();
  for (const auto& outage : outages) {
    if (!is_redis(outage)) away.push_back(outage.alias);
  }
  const bool all_answer = away.empty();
  return {{"redis_answers", !redis_is_among(outages)},
          {"databases_answer", all_answer},
          {"databases", databases},
          {"databases_away", std::move(away)}};
}

void tell_if_none(const std::vector<std::string>& databases) {
  if (!databases.empty()) return;
  std::cout << "No database was given (--database, or DATABASE_URL): durable jobs were not looked for.\n";
}

}  // namespace aftercommit::cli
