/// Periodic tasks: when they are due, and what becomes of the times that were missed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/delivery.hpp"

namespace aftercommit {

namespace detail {
struct ScheduleRule;
struct TaskEntry;
}  // namespace detail

/// The times at which something is due: its ticks, whole seconds.  Made by cron() and every(); a value, small
/// to copy.  The same on every machine: nothing of it depends on when a program was started.  Thread-safe.
class Schedule {
 public:
  using Time = std::chrono::sys_seconds;

  explicit Schedule(std::shared_ptr<const detail::ScheduleRule> rule) noexcept : rule_{std::move(rule)} {}

  /// The first tick later than `after`; nothing where there is none within 50 years.  ConfigError as check().
  std::optional<Time> next(Time after) const;

  const std::string& text() const noexcept;  ///< `0 3 * * *`, `@daily`, `every 10 min`
  const std::string& zone() const noexcept;  ///< as given to cron(); "UTC" for an interval
  /// ConfigError where the time zone is not known on this machine, saying what to do.
  void check() const;

 private:
  std::shared_ptr<const detail::ScheduleRule> rule_;
};

/// The times of a crontab line, in a time zone of the IANA database (package tzdata).  `expression` has the
/// five fields of cron(8), minute, hour, day of month, month, day of week: each a *, a number, a range 1-5, a
/// list of these, with steps as in */15 or 8-18/2; months and days of the week also as jan-dec and sun-sat,
/// where 0 and 7 are Sunday.  Or it is one of `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`,
/// `@yearly`, `@annually`.  As in cron(8), where neither day field begins with a *, a day that either of them
/// names is one.
///
/// Where the clocks change: with an hour field that begins with a *, each minute of real time counts whose
/// clock time fits, so an hour that comes twice has its ticks twice, and one that is left out has none.
/// With any other, a time that the clocks leave out is due at the first instant after the gap (once, however
/// many times of the expression fall into it), and one that comes twice is due at the first of them alone.
///
/// UsageError for what is no such expression, or for a day that never comes.  The zone is looked up at its
/// first use: see Schedule::check.
Schedule cron(std::string_view expression, std::string_view zone = "UTC");

/// Each `period`, counted from 1970-01-01 00:00 UTC plus `offset`, so that neither a restart nor a deploy
/// moves it: every(1h, 5min) is due at five past each hour.  UsageError unless the period is from 1 s to 1
/// year, and the offset shorter than it and not negative.
Schedule every(std::chrono::seconds period, std::chrono::seconds offset = std::chrono::seconds{0});

/// What becomes of ticks at which no worker made a job: none ran, or the database was away.
enum class Missed : std::uint8_t {
  kSkip,  ///< they are left out, but for the last one where it is no older than PeriodicOptions::grace
  kOnce,  ///< one job for all of them, of the last; as systemd's Persistent=
  kAll,   ///< a job for each, of the last PeriodicOptions::at_most
};

/// How one periodic task behaves.
struct PeriodicOptions {
  Missed missed = Missed::kOnce;
  std::size_t at_most = 100;       ///< of kAll: jobs made up for at once, 1 to 1000
  std::chrono::seconds grace{60};  ///< of kSkip: a tick is not missed before; 1 s at least
  /// Of its jobs.  Each is durable, whatever task and app say: UsageError for another delivery, an eta, a
  /// transaction or a tick.
  CallOptions call = {};
};

namespace detail {

/// What an App knows of one periodic task; owned by the App.
struct PeriodicEntry {
  std::string name;
  Schedule schedule;
  PeriodicOptions options;
  const TaskEntry* task;  // not owned
  nlohmann::json args;
};

}  // namespace detail

/// Made by App::periodic; a small value, copied freely, valid as long as its App.
class Periodic {
 public:
  explicit Periodic(const detail::PeriodicEntry& entry) noexcept : entry_{&entry} {}

  const std::string& name() const noexcept { return entry_->name; }
  const Schedule& schedule() const noexcept { return entry_->schedule; }
  const PeriodicOptions& options() const noexcept { return entry_->options; }

 private:
  const detail::PeriodicEntry* entry_;  // not owned
};

}  // namespace aftercommit
