/// `aftercommit new-token`: tells a copy of a database from the original, by a token of its own.
#include <cstddef>
#include <iostream>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "client/job_table/migrations.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/servers.hpp"
#include "operate/tables.hpp"

namespace aftercommit::cli {
namespace {

void renew_token(Database& database) {
  operate::renew_token(database);
  std::cout << operate::tables_of(database)
            << " has a new token: no queue that knew the old one is its own any more\n";
  const auto jobs = operate::count_durable_jobs(database);
  if (jobs == 0) return;
  std::cout << "it holds " << count_of(static_cast<std::size_t>(jobs), "durable job")
            << ", which its workers run; where that is not wanted of a copy: "
            << detail::in_schema("TRUNCATE {schema}.job", database.options().schema) << '\n';
}

}  // namespace

int new_token(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto databases = servers.reach_databases();  // before the first of them is changed
  if (databases.empty()) {
    throw UsageError{"new-token needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  for (auto* const database : databases) detail::check_schema(*database);
  for (auto* const database : databases) renew_token(*database);
  return kExitDone;
}

}  // namespace aftercommit::cli
