/// The tasks of the fault tests: declared here for producers and workers, their bodies in fault_tasks.cpp.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aftercommit/aftercommit.hpp"

namespace aftercommit::fault {

inline constexpr const char* kLoadQueue = "load";
inline constexpr const char* kBulkQueue = "bulk";
inline const std::vector<std::string> kQueues{kLoadQueue, kBulkQueue};
inline constexpr int kSlots = 16;  ///< rows of the table counter

/// The last words of tasks that fail on purpose begin so.
inline constexpr const char* kDeliberate = "deliberate";
inline constexpr int kRetriesOfFailAlways = 2;
inline constexpr std::chrono::milliseconds kBackoff{100};

/// Each body first writes a line to the runs file, which no rollback undoes; then, in its transaction, a row
/// in `effect`, which nothing keeps from being there twice, and adds one to its `slot` of `counter`.
struct FaultTasks {
  App& app;  // not owned
  const TaskOptions settings{.queue = kLoadQueue, .backoff = fixed(kBackoff)};

  Task<long> ok = app.task<long>("ok", settings);
  Task<long> fail_once = app.task<long>("fail_once", settings);
  Task<long> fail_always = app.task<long>(
      "fail_always", {.queue = kLoadQueue, .max_retries = kRetriesOfFailAlways, .backoff = fixed(kBackoff)});
  /// Takes so many ms.
  Task<long, long> slow = app.task<long, long>("slow", settings);
  /// Enqueues two jobs, the second in a savepoint that rolls back.
  Task<long> parent = app.task<long>("parent", settings);
  /// The same, and its first attempt throws after it.
  Task<long> parent_fails_once = app.task<long>("parent_fails_once", settings);
  /// Updates two slots, in this order; has all the retries that conflicts must not use up.
  Task<long, long> cross = app.task<long, long>("cross", {.queue = kLoadQueue, .max_retries = 0});
  /// After its effect waits for an advisory lock that the test holds.
  Task<long, long> locked = app.task<long, long>("locked", settings);
  /// Always fails; the first run of all makes the folder `file`.first, then waits until `file` is
  /// there, and asks the database nothing meanwhile.
  Task<long, std::string> fail_late = app.task<long, std::string>(
      "fail_late", {.queue = kLoadQueue,
                    .max_retries = kRetriesOfFailAlways,
                    .backoff = exponential(kBackoff, std::chrono::seconds{10}, 30.0, 0.0)});
  /// Returns its slot.
  ResultTask<long, long> answer = app.task<long(long)>("answer", settings);
  /// As ok, up to 10 jobs in a transaction.
  Task<long> together = app.task<long>("together", settings);
  /// So many steps, each with a row in `flow_effect`; between them it calls the outside with a probe, sleeps,
  /// and waits for the event "go".
  FlowTask<long> steps = app.flow<long>("steps", settings);
  /// Waits for so many children in the bulk queue, which return their numbers, and for as many that return
  /// nothing; its one step has the sum in `flow_effect`.
  FlowTask<long> family = app.flow<long>("family", settings);
  /// So many steps, with the rows 0, 1, ... in `flow_effect`, and a last one that is refused; each is undone
  /// by the row -1, -2, ...
  FlowTask<long> saga = app.flow<long>("saga", settings);
  /// Goes through the numbers from 1 to this one, by pages, each with a row in `flow_effect`.
  FlowTask<long, long> pages = app.flow<long, long>("pages", settings);
  /// Does what kills or damages a process: see fault_tasks.cpp.
  Task<std::string> poison = app.task<std::string>("poison", settings);
  /// Does the same, and then what the others do.
  Task<long, std::string> harm = app.task<long, std::string>("harm", settings);
};

/// Of the library that the next deploy brings.
inline Task<long> declare_fresh(App& app) {
  return app.task<long>("fresh", {.queue = kLoadQueue, .backoff = fixed(kBackoff)});
}

/// What the tasks and the producers write; also dropped and made by the tests.
inline constexpr const char* kTables = R"(
  CREATE TABLE biz(tx bigint NOT NULL);
  CREATE TABLE effect(id bigserial, job_id text NOT NULL, attempt int NOT NULL, pid int NOT NULL, child text,
                      at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE TABLE flow_effect(flow text NOT NULL, step bigint NOT NULL, pid int NOT NULL);
  CREATE TABLE counter(slot int PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
  INSERT INTO counter SELECT generate_series(0, 15);
)";

/// The environment variable that names the runs file: one line "job attempt pid ms" at each start of a task.
inline constexpr const char* kRunsVariable = "FAULT_RUNS";

}  // namespace aftercommit::fault
