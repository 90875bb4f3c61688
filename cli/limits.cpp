/// `aftercommit limits list|set|reset`: how many jobs run at once, or begin in a time.
#include "operate/limits.hpp"

#include <iostream>
#include <string>
#include <vector>

#include "base/log/log_format.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::size_t kNameShown = 100;

/// "10 in 1000 ms", "1 at once"
std::string in_words(const detail::LimitRow& row, int most) {
  return std::to_string(most) + (row.per ? " in " + std::to_string(row.per->count()) + " ms" : " at once");
}

void print(const std::vector<operate::KnownLimit>& limits) {
  if (limits.empty()) {
    std::cout << "no limits\n";
    return;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{"name", kLeft},
               {"at most", kLeft},
               {"for", kLeft},
               {"declared", kLeft},
               {"changed at", kLeft},
               {"database", kLeft}}};
  for (const auto& [database, row] : limits) {
    table.add({one_line(row.name, kNameShown), in_words(row, row.most), row.per_key ? "each key" : "all",
               in_words(row, row.declared_most), row.changed_at ? utc(*row.changed_at) : "-", database});
  }
  table.print();
}

}  // namespace

int list_limits(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto limits = operate::limits(servers);
  if (options.json) {
    print_json(operate::in_json(limits));
  } else {
    print(limits);
  }
  return kExitDone;
}

int set_limit(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto [changed, places] = operate::change_limit(servers, options.name, options.most);
  std::string where;
  for (const auto& alias : places) where.append(where.empty() ? "" : ", ").append(alias);
  std::cout << "limit '" << one_line(options.name, kNameShown) << "' " << (changed ? "is " : "was ")
            << (options.most ? std::to_string(*options.most) : "as it is declared")
            << (changed ? "" : " already") << ", in " << one_line(where, 300)
            << (changed && options.most && *options.most == 0
                    ? ": none of its jobs begins until it is set again"
                    : "")
            << '\n';
  return kExitDone;
}

}  // namespace aftercommit::cli
