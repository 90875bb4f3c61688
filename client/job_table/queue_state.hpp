/// Queues that are paused, by the tables of one database.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// The version of the tables that all of this needs.
inline constexpr int kPauseSchema = 7;

struct PausedQueue {
  std::string queue;
  std::chrono::system_clock::time_point since{};  ///< by the database's clock
};

/// In any order.  Throws what Database does.
std::vector<PausedQueue> find_paused(Database& database);

/// Each joins the transaction that is open on the calling thread, and then takes effect with its commit.
/// Answers whether something has changed.  Throws ConfigError where the tables are older, else what Database
/// does.
bool pause_queue(Database& database, const std::string& queue);
bool resume_queue(Database& database, const std::string& queue);

}  // namespace aftercommit::detail
