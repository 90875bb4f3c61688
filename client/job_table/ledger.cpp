#include "client/job_table/ledger.hpp"

#include "client/transaction/session.hpp"

namespace aftercommit::detail {

bool is_in_ledger(Database& database, const JobId& job) {
  return !database.exec(database.core()->statements.find_in_ledger, job).empty();
}

std::size_t purge_ledger(Database& database, std::chrono::hours kept) {
  return static_cast<std::size_t>(
      database.exec(database.core()->statements.purge_ledger, kept.count()).affected_rows());
}

}  // namespace aftercommit::detail
