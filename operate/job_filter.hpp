/// Which jobs are meant.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/contract/names.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::operate {

/// Where a job stands.
enum class JobStanding : std::uint8_t {
  kReady,     ///< may run as soon as a worker has room for it
  kDelayed,   ///< waits for its first time: a countdown or an eta
  kRunning,   ///< a worker has fetched it; of a row: its transaction has it
  kRetrying,  ///< has failed, crashed or been put off, and waits for its next attempt
  kAside,     ///< wants something that no worker has now: see decision 12
  kPaused,    ///< ready, and its queue is paused
  kDead,      ///< does not run again by itself
};

/// "ready" and so on, in JSON and on the command line.
std::string_view word(JobStanding standing) noexcept;
/// Nothing for any other word.
std::optional<JobStanding> standing_of(std::string_view word) noexcept;

/// What is empty lets all through.
struct JobFilter {
  using Time = std::chrono::system_clock::time_point;

  Queue queue{};
  std::string task{};
  std::string argument{};  ///< in its arguments, as JSON without spaces writes them
  std::string error{};     ///< in the text or the type of one of its errors; of a dead one in its reason too
  std::optional<Time> before{};  ///< asked for earlier than this; of a dead one: died
  std::optional<Time> since{};   ///< then or later
  std::optional<JobStanding> state{};
  /// What `argument` is looked for in, where not all of a job's arguments are for who asks; null: in all.
  std::function<std::string(const Envelope& job)> searched_args{};

  bool has_text() const noexcept { return !task.empty() || !argument.empty() || !error.empty(); }
  /// The three texts and nothing else; `reason`: of a dead one.
  bool matches_text(const Envelope& job, std::string_view reason = {}) const;
  bool matches_time(Time time) const noexcept {
    return (!before || time < *before) && (!since || time >= *since);
  }

  /// For PostgreSQL to look for in an envelope or a letter before it hands that over: each job that
  /// matches_text() has it there.  Empty: it cannot tell.
  std::string argument_in_sql() const;
  std::string error_in_sql() const;
};

}  // namespace aftercommit::operate
