/// The table of periodic tasks: what workers have declared, and when each is due next.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/periodic.hpp"

namespace aftercommit::detail {

/// The version of the tables that has it.
inline constexpr int kPeriodicSchema = 6;

/// A periodic task in the words of the table: two programs mean the same by a name if these are equal.
struct PeriodicDeclaration {
  std::string name;
  std::string task;
  std::string schedule;
  std::string zone;
  std::string missed;
  std::string envelope;  ///< of its jobs, with no id and no times of their own
};

/// A row, as an operator sees it.
struct PeriodicRow {
  std::string app;
  PeriodicDeclaration declared;
  bool paused = false;
  std::optional<Schedule::Time> next_at{};  ///< nothing: not worked out yet, or never again
  bool never = false;                       ///< it has had its last tick
  std::optional<Schedule::Time> last_tick{};
  std::optional<JobId> last_job{};
  Schedule::Time declared_at{};
  std::chrono::milliseconds unseen{0};  ///< since a worker that declares it lived, 15 s at its best
  Schedule::Time now{};                 ///< of the database
  int runs_asked = 0;                   ///< and not made yet

  /// No worker that lives declares it: its code is gone, or no worker runs.
  bool is_gone() const { return unseen > std::chrono::minutes{1}; }
};

/// Of one database, in its schema, which is of kPeriodicSchema or later.  Every call is a short transaction
/// of its own, or joins the open one of the calling thread.  `app` is a name as kept_name() gives it.
/// Thread-safe, as the database is; throws what Database does.
class PeriodicTable {
 public:
  explicit PeriodicTable(Database& database);

  /// Enters them, and that a worker which declares them lives.  One that another version of the code has
  /// declared otherwise is replaced where this worker has just `started`, or none of the other version lives.
  /// The next tick of one whose schedule is another than before is to be worked out.
  void declare(const std::string& app, std::span<const PeriodicDeclaration> declared, bool started) const;

  struct Wait {
    std::string name;
    std::chrono::milliseconds time{0};  ///< until it is due, by the database's clock; zero or less: now
  };
  /// Of those that are as declared, and not paused unless a run is asked for; what is due first comes first.
  std::vector<Wait> waits(const std::string& app, std::span<const PeriodicDeclaration> declared) const;

  struct Taken {
    bool due = false;
    std::optional<Schedule::Time> next_at;  ///< the tick that it is due at; nothing: to be worked out
    Schedule::Time now;                     ///< of the database
    int runs_asked = 0;                     ///< by an operator, beside its ticks
  };
  /// Locks it until the end of the open transaction, of isolation read committed; nothing if there is nothing
  /// to do, it is declared otherwise, or locked by somebody else.
  std::optional<Taken> take(const std::string& app, const PeriodicDeclaration& declared) const;

  /// What has become of one that was taken.
  struct Done {
    bool was_due = false;
    std::optional<Schedule::Time> next{};       ///< if it was: when it is so again; nothing: never
    std::optional<Schedule::Time> last_tick{};  ///< if any has a job now
    std::optional<JobId> last_job{};
  };
  void move(const std::string& app, const std::string& name, const Done& done) const;

  /// All, of every app, by name.
  std::vector<PeriodicRow> rows() const;
  /// False if it was so already, or is not there.
  bool set_paused(const std::string& app, const std::string& name, bool paused) const;
  /// Asks for a job of it beside its ticks, which a worker makes.
  void ask_run(const std::string& app, const std::string& name) const;
  /// False if a worker that declares it has lived within the last minute, or it is not there.
  bool forget(const std::string& app, const std::string& name) const;

 private:
  std::string sql(std::string_view text) const;

  Database& database_;  // not owned, outlives this
};

}  // namespace aftercommit::detail
