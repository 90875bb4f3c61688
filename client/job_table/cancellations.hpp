/// The table of cancelled jobs, and the functions of the schema that change it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/cancel.hpp"
#include "aftercommit/database.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit::detail {

/// The version of the schema that brings all of it; has_cancellations() asks for that.
inline constexpr int kCancelSchemaVersion = 3;
bool has_cancellations(Database& database);

/// Cancels a job in the open transaction of the calling thread, else in a short one of its own.  ConfigError
/// where the schema is older; else throws what Database does.
Cancelled cancel_job(Database& database, const JobId& job, const std::string& note);
/// Notes that the open transaction of the calling thread has cancelled a job that it had asked for itself.
void enter_cancelled(Database& database, const JobId& job, const Queue& queue, const std::string& task,
                     Cancelled stood, const std::string& note);
/// Whether a table here knows the job.
bool knows_job(Database& database, const JobId& job);

// --- For the worker.  All of what follows needs the version above.

/// Sees to what was asked of jobs that ran: those that run no more do not run again.  Gives those that still
/// do, in whatever worker.  Waits for no lock.
std::vector<JobId> settle_cancels(Database& database);
/// Those of these that were cancelled, and did not take effect.  `or_unknown`: those as well of which nothing
/// was known; a durable one of them may have been committed since, and runs.
std::vector<JobId> cancelled_among(Database& database, std::span<const JobId> jobs, bool or_unknown);
/// Forgets up to a thousand jobs that were cancelled longer ago than `kept`; answers how many they were.
std::size_t purge_cancelled(Database& database, std::chrono::hours kept);

// --- For the operator.

struct CancelledRow {
  JobId id;
  std::optional<std::string> queue{};  ///< of what had a row, as the next
  std::optional<std::string> task{};
  std::string state{};  ///< as the table has it
  std::chrono::system_clock::time_point at{};
  std::string note{};
};

/// The newest `count` of them.
std::vector<CancelledRow> list_cancelled(Database& database, std::size_t count);
/// Visits those that had a row and did not take effect, in batches, ordered by id.
void for_each_cancelled(Database& database, const std::function<void(const JobId& job)>& visit);

}  // namespace aftercommit::detail
