/// The jobs of periodic tasks: what is declared of them, and how they are asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aftercommit/periodic.hpp"
#include "client/app/app_core.hpp"
#include "client/periodic/periodic_table.hpp"

namespace aftercommit::detail {

/// One that this program declares, on the database that its jobs belong to.
struct DeclaredPeriodic {
  const PeriodicEntry* entry;  // not owned
  CallOptions call;            ///< of its jobs, as a whole
  PeriodicDeclaration as_kept;
};

/// Where the rows of its jobs are.  ConfigError where the app has no database, saying that it needs one.
Database& database_of(AppCore& app, const PeriodicEntry& periodic);

/// The databases that there are some for.  Throws as database_of().
std::vector<Database*> databases_with_periodic(AppCore& app);

/// Those of the app whose jobs belong to this database, by name.  Throws what enqueueing one would.
std::vector<DeclaredPeriodic> periodic_of(AppCore& app, Database& database);

/// Asks for its job of this tick, or for one beside its ticks, in the open transaction of its database.
JobId enqueue_periodic(const DeclaredPeriodic& periodic, std::optional<Schedule::Time> tick);

}  // namespace aftercommit::detail
