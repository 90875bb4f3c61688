/// Which databases can keep what tasks return, and what flows have done.
#pragma once

#include <mutex>
#include <set>

#include "aftercommit/database.hpp"

namespace aftercommit::worker {

/// A worker may run beside tables of the release before: then the jobs of such tasks wait, and no others.
/// Thread-safe.
class ResultTables {
 public:
  /// Asks the database until its tables are new enough, and not again; what they lack is logged once.  Throws
  /// what Database does.
  bool are_in(Database& database);
  /// The same of the tables of flows.
  bool flows_are_in(Database& database);

 private:
  struct Known {
    std::set<const Database*> has;
    std::set<const Database*> lacks;  // as logged
  };
  bool are_in(Known& known, Database& database, bool (*ask)(Database& database), const char* lacking);

  std::mutex mutex_;  // protects what follows
  Known results_;
  Known flows_;
};

}  // namespace aftercommit::worker
