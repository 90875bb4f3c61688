#include "client/job_table/schema_steps.hpp"

#include <algorithm>
#include <pqxx/pqxx>
#include <thread>
#include <utility>

#include "aftercommit/log.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/database_core.hpp"
#include "migration_sql.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;

// As long at least as a try keeps others waiting: what has queued up gets through in between.
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2000};

void try_to_migrate(Database& database, const SchemaSteps& steps) {
  const auto& schema = database.options().schema;
  // Read committed: what stands there must be seen as of after the wait for the lock.
  database.atomic({.durable = true, .isolation = Isolation::kReadCommitted}, [&] {
    database.exec(in_schema(migration_sql::lock, schema));
    const int version = schema_version(database);
    if (version >= steps.newest()) return;
    if (version == 0) database.exec(in_schema(migration_sql::create_schema, schema));
    database.exec(in_schema(steps.after(version), schema));
  });
}

/// Whether a bound of bounds.sql, or another's lock, has ended it.
bool was_held_up(const std::exception& error) {
  constexpr std::string_view kLockTimeout = "55P03";
  constexpr std::string_view kStatementTimeout = "57014";
  constexpr std::string_view kDeadlock = "40P01";
  const auto state = sqlstate_of(error);
  return state == kLockTimeout || state == kStatementTimeout || state == kDeadlock;
}

/// Who may be in the way, as the end of a sentence; empty where nobody is found.
std::string holder(Database& database) {
  const auto rows = database.exec(in_schema(migration_sql::find_holder, database.options().schema));
  if (rows.empty()) return {};
  const auto name = rows[0][1].as<std::string>("");
  return "; process " + rows[0][0].as<std::string>() + " of the server" +
         (name.empty() ? "" : " ('" + name + "')") + " has locks on them, in a transaction that is " +
         rows[0][2].as<std::string>("?") + " s old";
}

}  // namespace

std::string SchemaSteps::after(int version) const {
  std::string text;
  if (version >= newest()) return text;
  if (version > 0) text += migration_sql::bounds;
  text += migration_sql::grant_to_workers;
  for (const auto& step : versions.subspan(static_cast<std::size_t>(std::max(version, 0)))) text += step;
  text += migration_sql::drop_grant_to_workers;
  for (const auto& function : functions) text += function;
  return text;
}

std::string schema_of(const Database& database) {
  return "schema '" + database.options().schema + "' of database '" + database.alias() + "'";
}

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
    throw ConfigError{"cannot read the version of " + schema_of(database) + ": " + first_line(error) +
                      "; grant the role USAGE on the schema and SELECT on its tables"};
  }
}

bool schema_is_at_least(Database& database, int version) {
  constexpr std::chrono::seconds kBelieved{5};
  auto& seen = database.core()->seen_schema;
  const auto now = std::chrono::steady_clock::now();
  if (now < seen.until.load() && seen.version.load() >= version) return true;
  const auto found = schema_version(database);
  seen.version = found;
  seen.until = now + kBelieved;
  return found >= version;
}

void migrate(Database& database, const SchemaSteps& steps, milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool told = false;
  for (auto pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    std::string trouble;
    try {
      try_to_migrate(database, steps);
      return;
    } catch (const pqxx::failure& error) {
      if (!was_held_up(error)) throw;
      trouble = first_line(error);
    }
    trouble += holder(database);
    if (std::chrono::steady_clock::now() + pause >= deadline) {
      throw MigrationHeldUp{"cannot bring the tables in " + schema_of(database) +
                            " up to date: others use them, and a migration keeps nobody waiting for long (" +
                            trouble + "); nothing was changed. Let such transactions end, then run `" +
                            command_for(database, "migrate") + "` again"};
    }
    if (!std::exchange(told, true)) {
      log(LogLevel::kWarning, "the tables of jobs cannot be brought up to date yet; trying again",
          {{"database", database.alias()}, {"schema", database.options().schema}, {"error", trouble}});
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace aftercommit::detail
