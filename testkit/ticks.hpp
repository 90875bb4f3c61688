/// Periodic tasks by the clock of a test, where a worker's Ticker goes by that of the database.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "aftercommit/app.hpp"
#include "aftercommit/periodic.hpp"

namespace aftercommit::testing {

/// For one thread.
class Ticks {
 public:
  /// `app` is not owned and outlives this.
  explicit Ticks(App& app) : app_{app} { start(); }

  /// Those later than now count.
  void start();
  /// Asks for the jobs of all that are due now, as their options say of those that were missed.
  void ask();
  /// When the next one is; nothing: never.
  std::optional<Schedule::Time> next() const;

 private:
  Schedule::Time now() const;
  void ask(const aftercommit::detail::PeriodicEntry& periodic, Schedule::Time tick);

  App& app_;
  std::map<std::string, std::optional<Schedule::Time>> next_;  // by name
};

}  // namespace aftercommit::testing
