/// What the `aftercommit` command can be told, with its defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/priority.hpp"
#include "dashboard/settings.hpp"
#include "operate/connections.hpp"
#include "operate/job_filter.hpp"

namespace aftercommit::cli {

enum class Command : std::uint8_t {
  kMigrate,
  kStats,
  kDeadList,
  kDeadShow,
  kDeadRetry,
  kDeadDelete,
  kPeriodicList,
  kPeriodicNext,
  kPeriodicPause,
  kPeriodicResume,
  kPeriodicRun,
  kPeriodicForget,
  kLimitsList,
  kLimitsSet,
  kLimitsReset,
  kPause,
  kResume,
  kAudit,
  kBlame,
  kCancel,
  kAdopt,
  kNewToken,
  kDoctor,
  kTop,
  kCompletion,
  kJobs,
  kJob,
  kFlow,
  kEnqueue,
  kPurge,
  kWorkers,
  kTasks,
  kDashboard
};

struct Options {
  Command command = Command::kStats;
  operate::Connections connections{};
  bool json = false;

  bool print = false;  ///< migrate: write the script, and run nothing
  int from = 0;        ///< the version that the script begins at

  std::vector<std::string> ids{};  ///< of dead jobs, as `dead list` shows them; cancel: of any
  std::string task{};              ///< empty: any
  std::string queue{};             ///< empty: any; pause and resume: the one
  bool all = false;
  std::size_t limit = 50;  ///< dead or cancelled jobs listed at most

  bool list = false;   ///< cancel: show what was cancelled
  std::string note{};  ///< cancel, flow: why; may be empty

  std::string
      name{};  ///< of a periodic task, or of a limit; flow: the step from which it runs again, or empty
  std::optional<int> most{};  ///< limits set
  std::string app{};          ///< that declares it; empty: any

  std::string table{};                 ///< blame: as SQL writes it
  std::vector<std::string> row_key{};  ///< blame: of the row, see operate::RowQuestion
  std::string key_column{};            ///< blame: empty: the primary key

  std::chrono::milliseconds pause{1000};  ///< audit: between two looks

  std::optional<std::chrono::milliseconds> watch{};  ///< stats: look again each time; top: how often
  /// stats: between the two looks that make a rate; 0: one look.  Nothing: as fits who reads it.
  std::optional<std::chrono::milliseconds> rate{};

  std::optional<std::size_t> processes{};  ///< doctor: of workers; empty: those that hold a lease
  std::size_t concurrency = 8;             ///< doctor: of each of them

  // Which jobs, see operate/job_filter.hpp, beside task and queue.
  std::string argument{};
  std::string error{};
  std::optional<std::chrono::milliseconds> older_than{};
  std::optional<std::chrono::milliseconds> newer_than{};
  std::optional<operate::JobStanding> state{};
  std::string after{};   ///< where a list goes on
  bool oldest = false;   ///< jobs: the oldest rows first
  bool args = false;     ///< jobs, job: with arguments
  bool dry_run = false;  ///< dead retry, dead delete

  std::string args_json = "[]";  ///< enqueue: of its `task`, as what follows
  std::optional<std::chrono::milliseconds> countdown{};
  std::optional<std::chrono::milliseconds> expires{};
  std::optional<Priority> priority{};
  std::optional<int> max_retries{};
  bool immediate = false;

  bool durable = false;  ///< purge: rows as well
  bool yes = false;      ///< purge: it is not asked

  dashboard::Settings dashboard_settings{};

  std::string shell{};  ///< completion: "bash" or "zsh"
};

/// The exit codes of the command, as its --help lists them.
enum ExitCode : int {
  kExitDone = 0,
  /// audit: something needs to be done; doctor: a promise is in danger; dead, periodic: what was named could
  /// not be had; cancel: one of the jobs cannot be cancelled any more, or is not known; blame: no such row,
  /// or no job that is known to have written it
  kExitFound = 1,
  kExitUsage = 2,    ///< an unknown command, or a wrong option
  kExitServers = 3,  ///< Redis or a database cannot be reached, or cannot serve
  kExitFault = 4,    ///< a fault of the command itself
};

}  // namespace aftercommit::cli
