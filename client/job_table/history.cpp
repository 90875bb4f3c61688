#include "client/job_table/history.hpp"

#include "aftercommit/error.hpp"
#include "client/job_table/migrations.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/session.hpp"
#include "migration_sql.hpp"

namespace aftercommit::detail {

bool has_history(Database& database) { return schema_is_at_least(database, kHistoryVersion); }

void require_history(Database& database) {
  const auto& schema = database.options().schema;
  require_schema(database, kHistoryVersion, "a worker with --history");
  if (database.exec(in_schema(migration_sql::may_keep_history, schema))[0][0].as<bool>()) return;
  throw ConfigError{
      "this role may not keep a history in " + schema_of(database) +
      ": GRANT SELECT, INSERT, UPDATE, DELETE on its tables history and history_savepoint to it, "
      "or leave out --history"};
}

std::size_t purge_history(Database& database, std::chrono::hours kept) {
  const auto& statements = statements_of(database);
  const auto removed = database.exec(statements.purge_history, kept.count()).affected_rows() +
                       database.exec(statements.purge_savepoints).affected_rows();
  return static_cast<std::size_t>(removed);
}

}  // namespace aftercommit::detail
