/// What is kept of jobs for those who asked for them: values that tasks have returned, and how far jobs have
/// got.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/result.hpp"
#include "client/statements/riders.hpp"

namespace aftercommit::detail {

class Session;

/// The schema that has the tables `result` and `progress`.
inline constexpr int kResultsVersion = 5;

/// Whether the tables are there: two small queries.  Throws what Database does.
bool has_result_tables(Database& database);

// --- Values

/// What a task has returned, as JSON, and how long it is kept.
struct ReturnedValue {
  std::string json;
  std::chrono::milliseconds ttl;
};

/// Writes it down in the message of the COMMIT of `transaction`, which is open.  `log`: lines of the attempt.
Rider result_rider(Session& transaction, const JobId& job, std::string_view task, const ReturnedValue& value,
                   std::span<const std::string> log);

/// What has become of these jobs, in their order, all as of one moment; by one query, in the open transaction
/// of the calling thread, if there is one.  ConfigError where the tables are missing or may not be read.
std::vector<FoundResult> find_results(Database& database, std::span<const JobId> jobs);

/// Forgets values whose time has passed, a thousand at most; how many those were.
std::size_t purge_results(Database& database);

// --- Progress

struct WrittenProgress {
  JobId job;
  int attempt = 1;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string note{};
};

/// By one statement; each job once.
void write_progress(Database& database, std::span<const WrittenProgress> progress);
void forget_progress(Database& database, std::span<const JobId> jobs);
/// As find_results(), of one job.
std::optional<JobProgress> find_progress(Database& database, const JobId& job);
/// Forgets what is a day old, a thousand at most; how many those were.
std::size_t purge_progress(Database& database);

}  // namespace aftercommit::detail
