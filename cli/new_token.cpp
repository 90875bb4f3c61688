/// `aftercommit new-token`: tells a copy of a database from the original, by a token of its own.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "client/job_table/home.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/error_text.hpp"
#include "client/statements/sql_template.hpp"

namespace aftercommit::cli {
namespace {

void renew_token(Database& database) {
  const auto& schema = database.options().schema;
  const auto subject = "schema " + schema + " of database " + database.alias();
  try {
    detail::renew_token(database);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot give " + subject + " a new token: " + detail::first_line(error) +
                      "; run it as the role that owns the schema"};
  }
  std::cout << subject << " has a new token: no queue that knew the old one is its own any more\n";
  std::int64_t jobs = 0;
  for (const auto& counts : detail::JobTable{database}.counts()) jobs += counts.jobs;
  if (jobs == 0) return;
  std::cout << "it holds " << count_of(static_cast<std::size_t>(jobs), "durable job")
            << ", which its workers run; where that is not wanted of a copy: "
            << detail::in_schema("TRUNCATE {schema}.job", schema) << '\n';
}

}  // namespace

int new_token(const Options& options) {
  Servers servers{options.connections};
  const auto aliases = servers.app().database_aliases();
  if (aliases.empty()) {
    throw UsageError{"new-token needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  servers.reach_databases();  // before the first of them is changed
  for (const auto& alias : aliases) detail::check_schema(servers.app().database(alias));
  for (const auto& alias : aliases) renew_token(servers.app().database(alias));
  return kExitDone;
}

}  // namespace aftercommit::cli
