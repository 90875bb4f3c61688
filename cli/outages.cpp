#include "cli/outages.hpp"

#include <cstddef>
#include <iostream>
#include <string>

#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::size_t kErrorShown = 1000;

}  // namespace

void tell_outages(const operate::Answers& answers, std::string_view before, std::string_view after) {
  std::cout.flush();  // first what there is
  for (const auto& outage : answers.outages) {
    std::cerr << "aftercommit: " << before << operate::name_of(outage) << after
              << ", because it does not answer: " << one_line(outage.error, kErrorShown) << '\n';
  }
}

void tell_if_none(const operate::Answers& answers) {
  if (!answers.databases.empty()) return;
  std::cout << "No database was given (--database, or DATABASE_URL): durable jobs were not looked for.\n";
}

}  // namespace aftercommit::cli
