/// The options of `aftercommit dashboard`.
#pragma once

#include <cxxopts.hpp>

#include "dashboard/settings.hpp"

namespace aftercommit::cli {

void add_dashboard_words(cxxopts::OptionAdder& add);
/// UsageError for what is wrong.
void read_dashboard_words(const cxxopts::ParseResult& parsed, dashboard::Settings& settings);

}  // namespace aftercommit::cli
