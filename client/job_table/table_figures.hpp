/// How large the tables of one database are, for metrics: in a bounded time, whatever is in them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

struct TableFigures {
  /// By table (job, dead, ledger); above 10,000 an estimate of PostgreSQL's, which lags behind.
  std::map<std::string, double> rows{};
  /// By queue, since when its first row is there; queues without any are left out.
  std::map<std::string, std::chrono::duration<double>> oldest{};
};

/// `queues` have valid names.  No statement takes longer than a second.  Throws what Database does.
TableFigures table_figures(Database& database, const std::vector<std::string>& queues);

}  // namespace aftercommit::detail
