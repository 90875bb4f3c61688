/// Pausing a queue: in the tables of the app's database, or in the broker where it has none.
#pragma once

#include <string>
#include <vector>

#include "client/app/app_core.hpp"

namespace aftercommit::detail {

/// What has become of a call.
struct PauseChange {
  bool changed = false;               ///< false: it was so before
  std::vector<std::string> places{};  ///< where it is written now: "database 'default'", "Redis"
};

/// Throws UsageError for what is no name, ConfigError where the tables are older than version 7, else what
/// the server throws that it is written to.
PauseChange pause_queue(AppCore& app, const std::string& queue);
/// Wherever it is paused: in each database and in the broker.
PauseChange resume_queue(AppCore& app, const std::string& queue);

}  // namespace aftercommit::detail
