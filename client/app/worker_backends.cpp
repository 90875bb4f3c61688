#include "client/app/worker_backends.hpp"

#include <cstdint>

#include "client/app/app_core.hpp"
#include "client/postgres/worker_name.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

std::size_t end_backends(Database& database, const WorkerId& worker) {
  return database.exec(database.core()->statements.end_backends, application_name_of(worker)).size();
}

std::optional<Holder> holder_of(Database& database, const JobId& job) {
  const auto rows = database.exec(database.core()->statements.job_holder, job);
  if (rows.empty()) return std::nullopt;
  return Holder{rows[0][0].as<std::string>(), std::chrono::milliseconds{rows[0][1].as<std::int64_t>()}};
}

void show_life(Database& database) { database.exec("SELECT"); }

}  // namespace aftercommit::detail
