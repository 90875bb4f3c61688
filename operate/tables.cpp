#include "operate/tables.hpp"

#include <exception>

#include "aftercommit/error.hpp"
#include "client/job_table/home.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::operate {

std::string tables_of(const Database& database) {
  return "schema " + database.options().schema + " of database " + database.alias();
}

Migration migrate(Database& database) {
  try {
    Migration migration{.before = detail::schema_version(database)};
    detail::migrate(database);
    migration.after = detail::schema_version(database);
    return migration;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot migrate " + tables_of(database) + ": " + detail::first_line(error) +
                      "; run it as a role that owns the schema, or may create it"};
  }
}

void renew_token(Database& database) {
  try {
    detail::renew_token(database);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot give " + tables_of(database) + " a new token: " + detail::first_line(error) +
                      "; run it as the role that owns the schema"};
  }
}

std::int64_t count_durable_jobs(Database& database) {
  std::int64_t jobs = 0;
  for (const auto& counts : detail::JobTable{database}.counts()) jobs += counts.jobs;
  return jobs;
}

}  // namespace aftercommit::operate
