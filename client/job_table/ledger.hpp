/// The ledger: ids of jobs without a row that have taken effect.  claim_forms.hpp enters them.
#pragma once

#include <chrono>
#include <cstddef>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// Whether this job has taken effect.
bool is_in_ledger(Database& database, const JobId& job);

/// Forgets up to a thousand jobs that were done longer ago than `kept`; answers how many they were.  Costs as
/// much as what it removes, however long the ledger is.
std::size_t purge_ledger(Database& database, std::chrono::hours kept);

}  // namespace aftercommit::detail
