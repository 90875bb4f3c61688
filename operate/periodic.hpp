/// The periodic tasks of all databases, and what an operator does about one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/periodic/periodic_table.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// One of them, and where it is kept.
struct PeriodicTask {
  std::string alias;             ///< of the database
  const Store* store = nullptr;  ///< not owned
  detail::PeriodicRow row;

  enum class State : std::uint8_t {
    kActive,
    kPaused,
    kGone,  ///< no worker that lives declares it, so nobody makes its jobs
  };
  State state() const { return row.is_gone() ? State::kGone : row.paused ? State::kPaused : State::kActive; }
  /// When its next job is due, if it is active and as far as this program can reckon it.
  std::optional<Schedule::Time> next_at() const;
};

/// "active", "paused", "gone"
std::string_view word(PeriodicTask::State state);

/// All of them, by name.  Throws what Servers::stores() does; ConfigError where the tables are too old for
/// them.
std::vector<PeriodicTask> periodic_tasks(Servers& servers);

/// The one of this name; UsageError where several apps or databases have one and `app` names none of them, or
/// where there is no database.  Nothing: there is none of this name.
std::optional<PeriodicTask> find_periodic(Servers& servers, const std::string& name, const std::string& app);

/// Of one time: as the clocks of the schedule's zone show it, and in UTC.
struct PeriodicTime {
  Schedule::Time at;
  std::string local;  ///< "2026-03-29 03:00:00 +02:00"
};

/// The next ticks by its schedule, whatever its state, from now on by the clock of the database.  ConfigError
/// where this machine does not know the time zone.
std::vector<PeriodicTime> next_times(const PeriodicTask& task, std::size_t count);

/// False if it was so already.
bool pause_periodic(const PeriodicTask& task, bool paused);
/// Asks for one job of it now, beside its ticks, also while it is paused, and waits so long for a worker to
/// make it; nothing: none has by then, and one will.
std::optional<JobId> run_periodic(const PeriodicTask& task, std::chrono::milliseconds patience);
/// Removes it; false if a worker that declares it has lived within the last minute.
bool forget_periodic(const PeriodicTask& task);

Json in_json(const PeriodicTask& task);
Json in_json(const std::vector<PeriodicTask>& tasks);
Json in_json(const std::vector<PeriodicTime>& times);

}  // namespace aftercommit::operate
