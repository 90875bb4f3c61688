/// Takes jobs from a job table for a process that has no broker to fetch them from.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "aftercommit/database.hpp"
#include "client/job_table/job_table.hpp"

namespace aftercommit::detail {

/// What became of one job that was asked for.
struct Picked {
  enum class How : std::uint8_t {
    kOurs,    ///< `row` is due, and no other session comes for it
    kOthers,  ///< it is due, and another session has it
    kNotDue,  ///< `row` is not due; it has no envelope
    kGone,    ///< there is no such row
  };
  JobId id;
  How how = How::kGone;
  std::optional<JobRow> row{};
};

/// A session of its own, whose marks keep others from the same jobs: hints, and gone with the session. Behind
/// a pooler there are none, and all sessions come for all jobs, of which each is run by one.  For one thread.
class JobPicker {
 public:
  /// Does not connect yet.  `database` is not owned and outlives this.
  explicit JobPicker(Database& database);
  ~JobPicker();
  JobPicker(const JobPicker&) = delete;
  JobPicker& operator=(const JobPicker&) = delete;

  /// Connects if need be, so that count_pickers() counts it; throws DatabaseUnavailable.
  void connect();
  /// In the order of `jobs`; before that, takes away the marks of those that were dropped.  Connects if need
  /// be; throws DatabaseUnavailable when the connection is lost, and what PostgreSQL answers.
  std::vector<Picked> pick(std::span<const JobId> jobs);
  /// Others may come for this one, from the next pick() or let_go() on.
  void drop(const JobId& job);
  /// Takes the marks away now, if any were dropped; throws as pick().
  void let_go();
  /// Ends the session.
  void close() noexcept;

 private:
  struct Connection;

  [[noreturn]] void lost(const std::string& reason);

  Database& database_;
  std::unique_ptr<Connection> connection_;  // null: there is none
  std::unordered_set<JobId> marked_;
  std::vector<JobId> done_;
};

/// How many sessions take jobs from the table of this database.
std::size_t count_pickers(Database& database);

}  // namespace aftercommit::detail
