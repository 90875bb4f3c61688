/// Which databases can keep what tasks return.
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

 private:
  std::mutex mutex_;  // protects what follows
  std::set<const Database*> known_;
  std::set<const Database*> lacks_;  // as logged
};

}  // namespace aftercommit::worker
