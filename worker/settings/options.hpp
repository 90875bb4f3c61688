/// What the `worker` command can be told, with its defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "aftercommit/delivery.hpp"
#include "aftercommit/log.hpp"

namespace aftercommit::worker {

/// One queue to serve; weights matter only where one of them is set.
struct QueueChoice {
  std::string name;
  int weight = 0;  ///< 0: none given
};

/// The names alone, in the same order.
inline std::vector<std::string> names_of(const std::vector<QueueChoice>& choices) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.push_back(choice.name);
  return names;
}

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
  std::chrono::milliseconds lease{
      15'000};  ///< how long this worker may be silent before others take its jobs
  std::chrono::milliseconds heartbeat{5'000};     ///< how often it renews its lease
  bool relay = true;                              ///< bring jobs from the job tables to Redis
  bool relay_only = false;                        ///< do nothing else: run no jobs
  std::chrono::milliseconds relay_interval{500};  ///< the longest time between two sweeps of a job table
  std::string schema;                             ///< of the job table and ledger; empty: as the app says
  bool migrate = true;                            ///< bring the schema up to date at start
  std::chrono::hours keep_ledger{7 * 24};         ///< how long it is remembered that an on-commit job is done
  /// How long it is kept which job ran in which transaction, for `aftercommit blame`; 0: it is not.
  std::chrono::hours history{0};
  std::size_t processes = 1;  ///< that run jobs, each watched and restarted; 0: this process runs them itself
  std::size_t max_jobs = 0;   ///< a process that has run so many is replaced; 0: never
  std::size_t max_memory_mb = 0;  ///< a process that has grown beyond this is replaced; 0: never
  /// What our own code may take for one step without getting on; 0: as long as it likes.
  std::chrono::milliseconds hang_timeout{300'000};
  /// Of jobs of which neither call nor task says otherwise; 0: none.
  std::chrono::milliseconds time_limit = defaults::kTimeLimit;
  std::chrono::milliseconds soft_time_limit{0};
  std::vector<std::string> celery_queues;  ///< whose messages, by clients of Celery, become durable jobs
  std::string celery_broker;               ///< URL of the Redis with these queues; empty: ours
  bool periodic = true;                    ///< ask for the jobs of periodic tasks
  bool list_tasks = false;                 ///< print the tasks of the library, and do nothing else
  bool python_tasks = false;               ///< the same as a module of Python
  std::string metrics;                     ///< HOST:PORT or PORT, see split_address(); empty: none are served
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
  kExitRecycle = 5,   ///< of a watched process that has reached --max-jobs or --max-memory: all given back
};

}  // namespace aftercommit::worker
