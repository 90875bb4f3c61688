#include "client/job_table/history.hpp"

#include "client/job_table/schema_steps.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

bool has_history(Database& database) { return schema_is_at_least(database, kHistoryVersion); }

std::size_t purge_history(Database& database, std::chrono::hours kept) {
  const auto& statements = statements_of(database);
  const auto removed = database.exec(statements.purge_history, kept.count()).affected_rows() +
                       database.exec(statements.purge_savepoints).affected_rows();
  return static_cast<std::size_t>(removed);
}

}  // namespace aftercommit::detail
