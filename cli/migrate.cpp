/// `aftercommit migrate`: brings the tables of each database up to date.
#include <exception>
#include <iostream>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::cli {
namespace {

void migrate(Database& database) {
  const auto subject = "schema " + database.options().schema + " of database " + database.alias();
  try {
    const int before = detail::schema_version(database);
    detail::migrate(database);
    const int after = detail::schema_version(database);
    std::cout << subject;
    if (before == after) {
      std::cout << " is up to date (version " << after << ")\n";
    } else {
      std::cout << ": version " << before << " -> " << after << '\n';
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot migrate " + subject + ": " + detail::first_line(error) +
                      "; run it as a role that owns the schema, or may create it"};
  }
}

}  // namespace

int migrate(const Options& options) {
  Servers servers{options.connections};
  const auto aliases = servers.app().database_aliases();
  if (aliases.empty()) {
    throw UsageError{"migrate needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  servers.reach_databases();  // before the first of them is changed
  for (const auto& alias : aliases) migrate(servers.app().database(alias));
  return kExitDone;
}

int print_migration(const Options& options) {
  const auto& given = options.connections.schema;
  std::cout << detail::migration_script(given.empty() ? DatabaseOptions{}.schema : given, options.from);
  return kExitDone;
}

}  // namespace aftercommit::cli
