/// Keeps the ledgers, and the tables of cancelled jobs, of unique keys, of results and of flows, from growing
/// for ever.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "aftercommit/app.hpp"
#include "client/job_table/unique_marks.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Every minute, on every worker: whichever comes first removes what is old.
class Purger {
 public:
  /// `app` is not owned and outlives this.
  Purger(App& app, std::chrono::hours kept);

  RoleThread& thread() noexcept { return thread_; }

 private:
  std::chrono::minutes purge_all(const std::stop_token& stop);
  void purge(const std::string& alias, Database& database, const std::stop_token& stop);

  void purge_flows(Database& database, std::optional<JobId>& after, const std::stop_token& stop) const;

  App& app_;
  const std::chrono::hours kept_;
  std::map<std::string, SaidOnce> failures_;                // used by thread_ alone, as others; by alias
  std::map<std::string, detail::MarksSeen> marks_;          // the same
  std::map<std::string, std::optional<JobId>> lost_flows_;  // the same
  RoleThread thread_;                                       // last
};

}  // namespace aftercommit::worker
