/// What the `aftercommit` command can be told, with its defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operate/connections.hpp"

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
  kCancel,
  kAdopt,
  kNewToken
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
  std::string note{};  ///< cancel: why; may be empty

  std::string name{};         ///< of a periodic task, or of a limit
  std::optional<int> most{};  ///< limits set
  std::string app{};          ///< that declares it; empty: any

  std::chrono::milliseconds pause{1000};  ///< audit: between two looks
};

/// The exit codes of the command, as its --help lists them.
enum ExitCode : int {
  kExitDone = 0,
  /// audit: something needs to be done; dead, periodic: what was named could not be had; cancel: one of the
  /// jobs cannot be cancelled any more, or is not known
  kExitFound = 1,
  kExitUsage = 2,    ///< an unknown command, or a wrong option
  kExitServers = 3,  ///< Redis or a database cannot be reached, or cannot serve
  kExitFault = 4,    ///< a fault of the command itself
};

}  // namespace aftercommit::cli
