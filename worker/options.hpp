/// What the `worker` command can be told, with its defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {

/// One queue to serve; weights matter only where one of them is set.
struct QueueChoice {
  std::string name;
  int weight = 0;  ///< 0: none given
};

struct Options {
  std::string app_path;                             ///< of the task library; empty for who links worker_main
  std::vector<QueueChoice> queues{{"default", 0}};  ///< in order of preference
  std::size_t concurrency = 8;  ///< jobs run at the same time, each on a thread of its own
  std::size_t prefetch = 200;   ///< most jobs fetched ahead of the threads, for quick jobs only
  std::string redis_url;        ///< empty: as the app says
  std::map<std::string, std::string> database_urls;  ///< by alias; empty: as the app says
  std::chrono::milliseconds shutdown_timeout{25'000};
  std::chrono::milliseconds unknown_task_grace{
      600'000};  ///< how long a task no worker knows may wait for a deploy
  LogLevel log_level = LogLevel::kInfo;
  bool log_json = false;
};

/// The exit codes of the command, as its --help lists them.
enum ExitCode : int {
  kExitStopped = 0,   ///< stopped by a signal; every job is finished or given back
  kExitInternal = 1,  ///< a fault of the worker itself
  kExitUsage = 2,     ///< a wrong option, or a task library that cannot be loaded
  kExitSetup = 3,     ///< Redis or a database cannot be reached or cannot serve
  kExitForced = 4,    ///< ended with jobs not given back: by a second signal, or as the broker was away
};

}  // namespace aftercommit::worker
