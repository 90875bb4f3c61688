#include "client/job_table/migrations.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <pqxx/pqxx>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/postgres/error_text.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/sql_template.hpp"
#include "migration_sql.hpp"

namespace aftercommit::detail {
namespace {

/// In their order: the first makes version 1 out of nothing.
constexpr std::array<std::string_view, kSchemaVersion> kMigrations{migration_sql::m0001_initial,
                                                                   migration_sql::m0002_home};

/// Made anew by every migration, in this order: one text for each, that of today.  A change of one needs a
/// new version, or the databases that are there keep the old one.
constexpr std::array kFunctions{std::string_view{migration_sql::args_flaw},
                                std::string_view{migration_sql::enqueue}};

std::string subject(const Database& database) {
  return "schema '" + database.options().schema + "' of database '" + database.alias() + "'";
}

/// What to type, for somebody who reads the sentence before it.
std::string how_to_migrate(const Database& database) {
  return "run `" + command_for(database, "migrate") + "`, as a role that may create schemas and tables there";
}

/// The steps from `version` on, each of which records itself, and the functions as they are now.
std::string steps_after(int version) {
  std::string steps;
  if (version >= kSchemaVersion) return steps;
  for (auto step = static_cast<std::size_t>(std::max(version, 0)); step < kMigrations.size(); ++step) {
    steps += kMigrations[step];
  }
  for (const auto& function : kFunctions) steps += function;
  return steps;
}

}  // namespace

int schema_version(Database& database) {
  const auto& schema = database.options().schema;
  const auto tables = database.exec(in_schema(migration_sql::find_tables, schema));
  const bool found = std::any_of(tables.begin(), tables.end(), [](const auto& table) {
    return table[0].template as<std::string>() == "migration";
  });
  if (!found) return 0;
  try {
    return database.exec(in_schema(migration_sql::find_version, schema))[0][0].as<int>();
  } catch (const pqxx::insufficient_privilege& error) {
    throw ConfigError{"cannot read the version of " + subject(database) + ": " + first_line(error) +
                      "; grant the role USAGE on the schema and SELECT on its tables"};
  }
}

void migrate(Database& database) {
  const auto& schema = database.options().schema;
  // Read committed: what stands there must be seen as of after the wait for the lock.
  database.atomic({.durable = true, .isolation = Isolation::kReadCommitted}, [&] {
    database.exec(in_schema(migration_sql::lock, schema));
    const int version = schema_version(database);
    if (version >= kSchemaVersion) return;
    if (version == 0) database.exec(in_schema(migration_sql::create_schema, schema));
    database.exec(in_schema(steps_after(version), schema));
  });
}

std::string migration_script(std::string_view schema, int from) {
  std::string script = "BEGIN;\n";
  script += in_schema(migration_sql::lock, schema);
  if (from <= 0) script += in_schema(migration_sql::create_schema, schema);
  script += in_schema(steps_after(from), schema);
  return script + "COMMIT;\n";
}

void check_schema(Database& database) {
  const int version = schema_version(database);
  if (version == 0) {
    throw ConfigError{subject(database) + " has none of the tables of jobs: " + how_to_migrate(database)};
  }
  if (version < kSchemaVersion) {
    throw ConfigError{subject(database) + " has version " + std::to_string(version) +
                      ", and this program needs " + std::to_string(kSchemaVersion) + ": " +
                      how_to_migrate(database)};
  }
  if (version > kSchemaVersion) {  // what older programs use stays as it is
    log(LogLevel::kDebug,
        "the tables of jobs are newer than this program, which works with them all the same",
        {{"database", database.alias()},
         {"schema", database.options().schema},
         {"version", version},
         {"known", kSchemaVersion}});
  }
  for (const auto& table : database.exec(in_schema(migration_sql::find_tables, database.options().schema))) {
    if (!table[1].as<bool>()) continue;
    const auto name = table[0].as<std::string>();
    throw ConfigError{"table '" + name + "' in " + subject(database) +
                      " is UNLOGGED, so a crash of the server would empty it: ALTER TABLE ... SET LOGGED"};
  }
}

}  // namespace aftercommit::detail
