/// `aftercommit migrate`: brings the tables of each database up to date.
#include <iostream>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "client/job_table/migrations.hpp"
#include "operate/servers.hpp"
#include "operate/tables.hpp"

namespace aftercommit::cli {

int migrate(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto databases = servers.reach_databases();  // before the first of them is changed
  if (databases.empty()) {
    throw UsageError{"migrate needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  for (auto* const database : databases) {
    const auto [before, after] = operate::migrate(*database);
    std::cout << operate::tables_of(*database);
    if (before == after) {
      std::cout << " is up to date (version " << after << ")\n";
    } else {
      std::cout << ": version " << before << " -> " << after << '\n';
    }
  }
  return kExitDone;
}

int print_migration(const Options& options) {
  const auto& given = options.connections.schema;
  std::cout << detail::migration_script(given.empty() ? DatabaseOptions{}.schema : given, options.from);
  return kExitDone;
}

}  // namespace aftercommit::cli
