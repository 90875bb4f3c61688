#include "client/job_table/queue_state.hpp"

#include <cstdint>

#include "base/epoch_ms.hpp"
#include "client/job_table/migrations.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

std::vector<PausedQueue> find_paused(Database& database) {
  std::vector<PausedQueue> found;
  for (const auto& row : database.exec(database.core()->statements.find_paused)) {
    found.push_back({row[0].as<std::string>(), from_epoch_ms(row[1].as<std::int64_t>())});
  }
  return found;
}

bool pause_queue(Database& database, const std::string& queue) {
  require_schema(database, kPauseSchema, "pausing a queue");
  return database.exec(database.core()->statements.pause_queue, queue)[0][0].as<bool>();
}

bool resume_queue(Database& database, const std::string& queue) {
  require_schema(database, kPauseSchema, "resuming a queue");
  return database.exec(database.core()->statements.resume_queue, queue)[0][0].as<bool>();
}

}  // namespace aftercommit::detail
