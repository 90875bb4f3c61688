/// The job table: durable jobs not yet in effect, and those that died.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "broker/contract/homes.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::detail {

struct Statements;

/// A row of the table.
struct JobRow {
  JobId id;
  std::string queue;
  int attempt = 1;
  std::chrono::milliseconds due_in{0};  ///< until it is due, by the database's clock; zero or less: now
  std::string envelope;
};

/// The row that these five columns of an answer hold, from `first` on.
JobRow job_row(const pqxx::row& row, pqxx::row::size_type first = 0);

/// A row of the dead ones.
struct DeadRow {
  JobId id;
  std::string queue;
  std::chrono::system_clock::time_point died_at{};  ///< to the microsecond
  std::string letter;
};

/// Where a dead job stands in their order, the newest first.
struct DeadPlace {
  std::chrono::system_clock::time_point died_at;
  JobId id;
};

/// The table of one database, in its schema.  Every call is a short transaction of its own, or joins the open
/// one of the calling thread.  Thread-safe, as the database is; throws what Database does.
class JobTable {
 public:
  explicit JobTable(Database& database) : database_{database} {}

  /// The job as it stands now; nothing if it is done, dead, or was never committed.
  std::optional<JobRow> find(const JobId& job) const;
  /// The same together with the token and the instance of the table that says so (see home.hpp), by one
  /// answer; empty where it has lost its token.
  struct Look {
    HomeDatabase home{};
    std::optional<JobRow> row{};
  };
  Look look_for(const JobId& job) const;

  /// Those of these jobs whose row another transaction has locked right now, in any order.
  std::vector<JobId> find_locked(std::span<const JobId> jobs) const;

  /// Keeps what an attempt has changed: `job` as it will run next, due after `countdown`.  False, and nothing
  /// changes, if the row is gone or no longer at `attempt`: somebody else has settled that attempt.
  bool record(const Envelope& job, int attempt, std::chrono::milliseconds countdown) const;

  /// Moves the job to the dead ones.  False if the row is gone or no longer at `attempt`.
  bool bury(const JobId& job, int attempt, const std::string& letter) const;

  /// Keeps the letter of a job whose row its own task has made away with.
  void bury_lost(const JobId& job, const std::string& queue, const std::string& letter) const;

  /// Removes the row of a job that is done without a transaction of its own.  False if it was gone, or no
  /// longer at `attempt`.
  bool finish(const JobId& job, int attempt) const;

  // --- For the operator.

  /// How many wait in each queue, and how many are dead.
  struct Counts {
    std::string queue;
    std::int64_t jobs = 0;
    std::int64_t dead = 0;
    std::optional<std::chrono::milliseconds> oldest{};  ///< age of the first of the jobs
    std::int64_t retrying = 0;                          ///< of the jobs, those that have failed before
  };
  std::vector<Counts> counts() const;

  /// Visits every job, in batches, ordered by id.
  void for_each(const std::function<void(const JobRow& row)>& visit) const;

  /// The newest `count` dead jobs, or those that follow on one of them, in a time that does not depend on how
  /// many there are; of all queues if `queue` is empty.
  std::vector<DeadRow> dead(const std::string& queue, std::size_t count,
                            const std::optional<DeadPlace>& after = {}) const;
  /// Visits every dead job without its letter, in batches, ordered by id.
  void for_each_dead(const std::function<void(const JobId& job, const std::string& queue)>& visit) const;
  std::optional<DeadRow> find_dead(const JobId& job) const;
  /// Back to the jobs, with the same id and all its attempts before it; false if it is not among the dead.
  /// Throws PayloadError if its letter holds no job that could run.  A relay brings it even where the broker
  /// has its id.
  bool revive(const JobId& job) const;
  /// Takes that back, once the broker does not have it.
  void unmark_revival(const JobId& job) const;
  bool forget_dead(const JobId& job) const;

 private:
  const Statements& statements() const;

  Database& database_;  // not owned, outlives this
};

}  // namespace aftercommit::detail
