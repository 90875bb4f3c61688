/// The limits of one job, and where it waits for each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/envelope/envelope.hpp"
#include "client/app/limit_rules.hpp"
#include "client/job_table/limits.hpp"

namespace aftercommit::worker {

/// Those that wait for one limit stand in lines, one for each key, whether it holds by key or for all
/// together.  A line is a reason to stand aside: "limit:<alias of the database>:<name>:<key>".
struct Line {
  std::string_view alias;  // all parts of the reason
  std::string_view name;
  std::string_view key;

  /// Nothing: the reason is no line.
  static std::optional<Line> parse(std::string_view reason);
};

/// Valid as long as the app.
struct JobLimits {
  struct One {
    const detail::DeclaredLimit* limit;  ///< not owned
    std::string key;                     ///< of what it limits; empty: it is for all keys together
    std::string line;
    std::string all_lines;  ///< how the reasons of all its lines begin

    /// What is full for all others as well where it is full for this one.
    const std::string& place() const noexcept { return limit->per_key ? line : all_lines; }
  };
  std::vector<One> places;  ///< of how many run at once; by name, as the next
  std::vector<One> rates;

  bool any() const noexcept { return !places.empty() || !rates.empty(); }
};

/// Of a job of this task that takes effect in this database; null: in none.
JobLimits limits_of(const detail::LimitRules& rules, const Envelope& job, const detail::TaskEntry& task,
                    const Database* database);

/// As the database is asked.
std::vector<detail::LimitOfKey> for_database(std::span<const JobLimits::One> limits);

}  // namespace aftercommit::worker
