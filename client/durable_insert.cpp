#include "client/durable_insert.hpp"

#include <algorithm>
#include <chrono>

#include "broker/epoch_ms.hpp"

namespace aftercommit::detail {

std::string insert_durable_jobs(const Statements& statements, const std::vector<const PendingJob*>& jobs,
                                const Connection& connection) {
  const auto now = std::chrono::steady_clock::now();
  std::string rows;
  for (const auto* job : jobs) {
    const auto& outgoing = job->outgoing;
    std::string eta = "NULL";
    std::string countdown = "NULL";
    if (outgoing.eta) eta = std::to_string(epoch_ms(*outgoing.eta));
    if (outgoing.countdown) {
      const auto waited = std::chrono::duration_cast<Millis>(now - job->asked_at);
      countdown = std::to_string(countdown_ms(*outgoing.countdown - waited));
    }
    if (!rows.empty()) rows += ',';
    statements.insert_row.append_to(
        rows, {job->id.str(), outgoing.queue, eta, countdown, connection.quote(outgoing.payload)});
  }
  return statements.insert_jobs.fill({rows});
}

}  // namespace aftercommit::detail
