#include "cli/man_page.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/command/man_page.hpp"
#include "cli/descriptions.hpp"

namespace aftercommit::cli {

std::string own_man_page() {
  ManPage page{.name = "aftercommit",
               .what = "look at a task queue, and set it right",
               .version = AFTERCOMMIT_VERSION,
               .usage = "COMMAND [options]",
               .commands = command_table(),
               .after = after_help(),
               .see_also = {"worker(1)", "redis-cli(1)", "psql(1)"}};
  constexpr auto kOfAll = std::to_array<std::string_view>({"redis", "database", "schema", "help"});
  for (const auto& option : page.commands.front().options) {
    if (std::ranges::find(kOfAll, option.name) != kOfAll.end()) page.options.push_back(option);
  }
  return man_page(page);
}

}  // namespace aftercommit::cli
