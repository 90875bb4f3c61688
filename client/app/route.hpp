/// The second step of enqueueing: by which delivery a job goes, and which transaction it joins.
#pragma once

#include <string>

#include "aftercommit/task.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::detail {

/// The way of all jobs of a call.  For the calling thread, and only until it does something else.
struct Route {
  bool durable = false;            ///< each is a row as well
  Session* transaction = nullptr;  ///< they wait for this one's commit; null: none is open
  Database* home = nullptr;        ///< holds durable ones that join no transaction, else null
  std::string database;            ///< alias for the envelope; empty: the worker's default

  /// For the commit of a transaction; else they go to the broker at once.
  bool waits() const noexcept { return transaction != nullptr || durable; }
};

/// Throws UsageError, ConfigError or TransactionManagementError where there is none, saying what to do.
Route find_route(const TaskEntry& task, const CallOptions& options, AppCore& app);

/// The same for jobs in a transaction that others have begun, and commit: always durable, by no session of
/// ours. `home` is the database of the app's whose schema is written to; null: the app has none, and the
/// schema is the usual one.
Route find_route_in(const TaskEntry& task, const CallOptions& options, AppCore& app);

}  // namespace aftercommit::detail
