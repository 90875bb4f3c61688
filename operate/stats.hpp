/// How much waits where.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "broker/contract/browsing.hpp"
#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// What is counted of one queue, or of several.
struct QueueStats {
  QueueCounts redis{};
  std::int64_t dead_rows = 0;
  std::int64_t durable = 0;  ///< rows, which stand among the ready, delayed and running ones as well
  std::optional<std::chrono::milliseconds> oldest_durable{};  ///< age of the first of the rows
  std::int64_t retrying = 0;                                  ///< of the rows, those that have failed before
  std::optional<std::chrono::milliseconds> relay_lag{};  ///< see relay_lags(); empty: not known, or no table
  std::optional<double> rate{};  ///< attempts that end in a second; empty: nobody has looked twice
  Pauses::Since paused_there{};  ///< since when a database says that it is paused

  /// As one of the servers that answer says; empty: none does.
  Pauses::Since paused() const { return paused_there ? paused_there : redis.paused; }
};

/// How much of a number is counted.
enum class Known : std::uint8_t {
  kNot,     ///< nobody answered
  kInPart,  ///< a server that holds a part of it did not: it is at least so much
  kWhole,
};

/// What the servers hold that answer.
struct Stats {
  std::map<Queue, QueueStats> queues{};
  Answers answers{};
  std::chrono::steady_clock::time_point looked_at{};  ///< when Redis was asked
  /// Of each database how many worker processes take durable jobs straight from its table, as there is no
  /// Redis or it does not answer them; those of none are left out.
  std::map<std::string, std::size_t> taking{};

  Known in_redis() const;
  Known in_databases() const;
  Known in_both() const;
  QueueStats sum() const;
};

/// Throws as Servers::look_at_each().
Stats count_jobs(Servers& servers);

/// Fills the rates of `stats` by what has ended since `before`, an earlier look.
void take_rates(Stats& stats, const Stats& before);
/// The same by a second look at Redis, `time` after the first: the numbers stay those of that one.  Where no
/// worker serves any queue, nothing ends, and it does not wait.  Redis going away leaves rates unknown, and
/// so does a `time` of zero, of queues that are served.
void measure_rates(Servers& servers, Stats& stats, std::chrono::milliseconds time);

/// A number of jobs or, where its name ends in _ms, of milliseconds.
struct Figure {
  const char* name;                    ///< in JSON
  Known known;                         ///< how much of it is counted
  std::optional<std::int64_t> number;  ///< nothing: there is nothing to count

  /// A part that says something: "at least none" does not.
  bool is_at_least() const { return known == Known::kInPart && number.value_or(0) > 0; }
};

/// The numbers of a queue, or of the sum, in the order in which they are shown.
std::vector<Figure> figures(const QueueStats& queue, const Stats& stats);

/// Why it matters that no worker serves a queue.
enum class Unserved : std::uint8_t {
  kNot,       ///< it does not: one serves it, nothing is there for one, or who serves it is not known
  kJobsWait,  ///< jobs are there
  kDeclared,  ///< a task is declared for it: QueueCounts::declared_by
};
Unserved unserved(const QueueStats& queue, const Stats& stats);

Json in_json(const Stats& stats);

}  // namespace aftercommit::operate
