/// Keeps the ledgers, and the tables of cancelled jobs, of unique keys, of results, of flows and of the
/// history, from growing for ever.
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
  struct Kept {
    std::chrono::hours ledger;      ///< and all that is kept as long
    std::chrono::hours history{0};  ///< 0: as others who keep one say
  };
  /// `app` is not owned and outlives this.
  Purger(App& app, Kept kept);

  RoleThread& thread() noexcept { return thread_; }

 private:
  std::chrono::minutes purge_all(const std::stop_token& stop);
  void purge(const std::string& alias, Database& database, const std::stop_token& stop);

  void purge_flows(Database& database, std::optional<JobId>& after, const std::stop_token& stop) const;

  App& app_;
  const Kept kept_;
  std::map<std::string, SaidOnce> failures_;                // used by thread_ alone, as others; by alias
  std::map<std::string, detail::MarksSeen> marks_;          // the same
  std::map<std::string, std::optional<JobId>> lost_flows_;  // the same
  RoleThread thread_;                                       // last
};

}  // namespace aftercommit::worker
