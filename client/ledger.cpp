#include "client/ledger.hpp"

#include "client/session.hpp"

namespace aftercommit::detail {

std::size_t purge_ledger(Database& database, std::chrono::hours kept) {
  return static_cast<std::size_t>(
      database.exec(database.core()->statements.purge_ledger, kept.count()).affected_rows());
}

}  // namespace aftercommit::detail
