#include "client/transaction/read_only.hpp"

#include "aftercommit/error.hpp"
#include "client/transaction/database_core.hpp"
#include "sql.hpp"

namespace aftercommit::detail {

std::string takes_no_writes(const std::string& alias, const std::string& reason) {
  return "database '" + alias + "' takes no writes: " + reason;
}

void throw_read_only(DatabaseCore& database, const std::string& reason, const std::string& jobs) {
  database.pool.drop_idle();
  throw DatabaseUnavailable{takes_no_writes(database.alias, reason) + "; nothing was committed" +
                            (jobs.empty() ? jobs : ", " + jobs + " neither") +
                            ", and the connection is closed, for the next one may lead to a "
                            "server that does"};
}

std::string why_read_only(Database& database) {
  const auto answer = database.exec(sql::read_only);
  if (answer[0][0].as<bool>()) return kIsStandby;
  return answer[0][1].as<bool>() ? kReadOnlyByDefault : "";
}

}  // namespace aftercommit::detail
