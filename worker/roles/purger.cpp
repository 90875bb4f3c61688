#include "worker/roles/purger.hpp"

#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/job_table/cancellations.hpp"
#include "client/job_table/history.hpp"
#include "client/job_table/ledger.hpp"
#include "client/results/result_rows.hpp"

namespace aftercommit::worker {

Purger::Purger(App& app, Kept kept)
    : app_{app},
      kept_{kept},
      thread_{{.role = "purging ledgers", .server = "the database", .shares_connections = true},
              [this](const std::stop_token& stop) { return purge_all(stop); }} {}

/// How long to wait before the next time.
std::chrono::minutes Purger::purge_all(const std::stop_token& stop) {
  constexpr std::chrono::minutes kInterval{1};
  for (const auto& [alias, database] : app_.core().databases()) purge(alias, *database, stop);
  return kInterval;
}

void Purger::purge(const std::string& alias, Database& database, const std::stop_token& stop) {
  constexpr std::string_view kFailed = "the ledger cannot be purged; trying again each minute";
  auto& failing = failures_.try_emplace(alias, kFailed).first->second;
  try {
    fail_point("purging the ledger");
    while (!stop.stop_requested() && detail::purge_ledger(database, kept_.ledger) > 0) {
    }
    if (detail::has_cancellations(database)) {
      while (!stop.stop_requested() && detail::purge_cancelled(database, kept_.ledger) > 0) {
      }
    }
    auto& marks = marks_[alias];
    do {
      detail::purge_marks(database, marks);
    } while (!stop.stop_requested() && marks.worth_more());
    if (detail::has_result_tables(database)) {
      while (!stop.stop_requested() && detail::purge_results(database) > 0) {
      }
      while (!stop.stop_requested() && detail::purge_progress(database) > 0) {
      }
    }
    if (detail::has_flow_tables(database)) purge_flows(database, lost_flows_[alias], stop);
    if (kept_.history.count() > 0 && detail::has_history(database)) {
      while (!stop.stop_requested() && detail::purge_history(database, kept_.history) > 0) {
      }
    }
    failing.succeeded();
  } catch (...) {
    failing.failed(alias);
  }
}

/// Of those that were cancelled a part at a time: `after` goes round them.
void Purger::purge_flows(Database& database, std::optional<JobId>& after, const std::stop_token& stop) const {
  while (!stop.stop_requested() && detail::purge_flows(database, kept_.ledger) > 0) {
  }
  while (!stop.stop_requested() && detail::purge_events(database, kept_.ledger) > 0) {
  }
  constexpr int kPages = 10;
  for (int page = 0; page < kPages && !stop.stop_requested(); ++page) {
    if (detail::end_lost_flows(database, after)) continue;
    after.reset();
    break;
  }
}

}  // namespace aftercommit::worker
