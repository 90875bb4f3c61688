/// A job that a person asks for.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aftercommit/priority.hpp"
#include "broker/contract/names.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct JobAsked {
  std::string task;
  std::string args = "[]";  ///< a JSON array with one element for each argument
  Queue queue = "default";
  std::optional<std::chrono::milliseconds> countdown{};  ///< earliest start, counted from now
  std::optional<Priority> priority{};
  std::optional<int> max_retries{};
  std::optional<std::chrono::milliseconds> expires{};  ///< not started later than this
  /// To Redis alone, without a row; as it is where there is no database.
  bool immediate = false;
};

struct JobMade {
  std::string id{};
  std::string database{};  ///< alias of the one whose job table has it; empty: Redis alone
  /// Whether an app whose workers have served this queue declares such a task; nothing: not known.
  std::optional<bool> task_is_known{};
};

/// Durable, in the job table of the default database, or of the only one; a relay brings it to Redis.  Its
/// arguments are looked at as far as that goes without the task's code: a worker finds out whether they are
/// those that the task takes.  UsageError for what is wrong with the request; else throws what the servers
/// do.
JobMade enqueue_job(Servers& servers, const JobAsked& asked);

Json in_json(const JobMade& job);

}  // namespace aftercommit::operate
