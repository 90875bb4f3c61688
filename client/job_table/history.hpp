/// The history: which job ran in which transaction, for who asks later who wrote a row.  Its rows are written
/// by the transactions themselves: see Claim::keep_history().
#pragma once

#include <chrono>
#include <cstddef>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// Version of the tables that has it.
inline constexpr int kHistoryVersion = 10;

bool has_history(Database& database);

/// ConfigError unless its tables are new enough, and this role may write and purge the history: else no job
/// of who keeps one could commit.
void require_history(Database& database);

/// Forgets up to a thousand rows that were written longer ago than `kept`, or the savepoints of such; answers
/// how many they were.  Costs as much as what it removes, however long the history is.
std::size_t purge_history(Database& database, std::chrono::hours kept);

}  // namespace aftercommit::detail
