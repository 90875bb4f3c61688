#include "client/job_table/migrations.hpp"

#include <array>
#include <pqxx/pqxx>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/sql_template.hpp"
#include "migration_sql.hpp"

namespace aftercommit::detail {
namespace {

/// In their order: the first makes version 1 out of nothing.
constexpr std::array<std::string_view, kSchemaVersion> kMigrations{
    migration_sql::m0001_initial, migration_sql::m0002_home,   migration_sql::m0003_cancel,
    migration_sql::m0004_unique,  migration_sql::m0005_result, migration_sql::m0006_periodic,
    migration_sql::m0007_queue,   migration_sql::m0008_limit,  migration_sql::m0009_flow,
    migration_sql::m0010_history,
};

/// One text for each, that of today.  A change of one needs a new version, or the databases that are there
/// keep the old one.
constexpr std::array kFunctions{
    std::string_view{migration_sql::args_flaw},      std::string_view{migration_sql::args_are_plain},
    std::string_view{migration_sql::job_options},    std::string_view{migration_sql::new_job_id},
    std::string_view{migration_sql::tell_relays},    std::string_view{migration_sql::claim_unique},
    std::string_view{migration_sql::enqueue},        std::string_view{migration_sql::enqueue_many},
    std::string_view{migration_sql::settle_cancels}, std::string_view{migration_sql::cancel},
    std::string_view{migration_sql::result},         std::string_view{migration_sql::wait},
    std::string_view{migration_sql::pause},          std::string_view{migration_sql::resume},
    std::string_view{migration_sql::limit_place},    std::string_view{migration_sql::take_places},
    std::string_view{migration_sql::take_tokens},    std::string_view{migration_sql::set_limit},
    std::string_view{migration_sql::wake_flow},      std::string_view{migration_sql::signal},
    std::string_view{migration_sql::child_done},
};

/// What to type, for somebody who reads the sentence before it.
std::string how_to_migrate(const Database& database) {
  return "run `" + command_for(database, "migrate") + "`, as a role that may create schemas and tables there";
}

/// No snapshot is one of all nodes: what a relay has read to its end may still get rows of transactions that
/// had ended by then, and a claim does not hold on all of them.
void refuse_distributed(Database& database) {
  const auto found = database.exec(in_schema(migration_sql::find_distributed, database.options().schema));
  if (found.empty()) return;
  const auto name = found[0][0].as<std::string>();
  throw ConfigError{
      "table '" + name + "' in " + schema_of(database) +
      " is distributed over nodes (pg_dist_partition lists it), which have no snapshot in common, so "
      "that jobs would be passed over: make it a table of one node, by undistribute_table(); to spread "
      "jobs over several servers, give the app a database on each"};
}

}  // namespace

SchemaSteps schema_steps() noexcept { return {.versions = kMigrations, .functions = kFunctions}; }

void migrate(Database& database, std::chrono::milliseconds patience) {
  migrate(database, schema_steps(), patience);
}

std::string migration_script(std::string_view schema, int from) {
  std::string script = "BEGIN;\n";
  script += in_schema(migration_sql::lock, schema);
  if (from <= 0) script += in_schema(migration_sql::create_schema, schema);
  script += in_schema(schema_steps().after(from), schema);
  return script + "COMMIT;\n";
}

int require_schema(Database& database, int version, std::string_view who) {
  const int found = schema_version(database);
  if (found == 0) {
    throw ConfigError{schema_of(database) + " has none of the tables of jobs: " + how_to_migrate(database)};
  }
  if (found < version) {
    throw ConfigError{(schema_of(database) + " has version " + std::to_string(found) + ", and ").append(who) +
                      " needs " + std::to_string(version) + ": " + how_to_migrate(database)};
  }
  return found;
}

void check_schema(Database& database) {
  const int version = require_schema(database, kOldestSchemaVersion, "this program");
  if (version != kSchemaVersion) {  // what older programs use stays as it is
    log(LogLevel::kDebug,
        "the tables of jobs are of another version than this program makes; it works with them",
        {{"database", database.alias()},
         {"schema", database.options().schema},
         {"version", version},
         {"known", kSchemaVersion}});
  }
  const auto tables = database.exec(in_schema(migration_sql::find_tables, database.options().schema));
  if (!tables.empty() && tables[0][2].as<bool>()) refuse_distributed(database);
  for (const auto& table : tables) {
    if (!table[1].as<bool>()) continue;
    const auto name = table[0].as<std::string>();
    throw ConfigError{"table '" + name + "' in " + schema_of(database) +
                      " is UNLOGGED, so a crash of the server would empty it: ALTER TABLE ... SET LOGGED"};
  }
}

}  // namespace aftercommit::detail
