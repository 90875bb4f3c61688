/// Which tasks the applications declare, and for whom.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct KnownTask {
  std::string task;
  std::string app;
  std::vector<Queue> queues{};  ///< that workers of the app have served, which then know the task
  std::string database;         ///< alias of the one that says so
  /// When its workers last said so, to the day.
  std::chrono::system_clock::time_point seen_at{};
};

struct TaskList {
  std::vector<KnownTask> tasks{};  ///< by name, then app
  Answers answers{};
};

/// As the workers of each app have entered them in the job tables.  Apps without a database are not known.
/// Throws as Servers::look_at_each().
TaskList known_tasks(Servers& servers);

Json in_json(const TaskList& list);

}  // namespace aftercommit::operate
