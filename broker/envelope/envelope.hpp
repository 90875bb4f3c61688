/// A job as it travels: JSON, version 1.  Field by field in envelope_fields.hpp and docs/wire-format.md.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aftercommit/headers.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/priority.hpp"
#include "aftercommit/retry.hpp"
#include "base/json/json_limits.hpp"
#include "base/text/malformed.hpp"
#include "base/text/text.hpp"

namespace aftercommit {

/// One failed attempt, kept with the job.
struct AttemptError {
  int attempt = 0;  ///< counted from 1
  std::chrono::system_clock::time_point at{};
  std::string worker;
  std::string error;         ///< at most kErrorTextLimit bytes of valid UTF-8 after add_error
  std::string type{};        ///< of the exception, at most kTypeTextLimit bytes; empty: not known
  std::string log{};         ///< lines that its task has kept, the newest kLogTextLimit bytes; empty: none
  nlohmann::json unknown{};  ///< as Envelope::unknown

  friend bool operator==(const AttemptError&, const AttemptError&) = default;
};

/// One request to run a task.  What is empty is left out of the JSON and decided by the worker's own
/// declaration of the task.
struct Envelope {
  static constexpr int kVersion = 1;

  JobId id;
  std::string task{};                             ///< a name, as queue and database are: see valid_name
  nlohmann::json args = nlohmann::json::array();  ///< always an array, one element an argument
  std::string queue{};
  std::chrono::system_clock::time_point enqueued_at{};  ///< to the millisecond, as all times here
  int attempt = 1;                                      ///< of the next execution, counted from 1
  std::optional<int> max_retries{};
  std::optional<Backoff> backoff{};
  std::optional<std::chrono::milliseconds> retry_for{};  ///< from its first failure on: see retry_until
  std::optional<std::chrono::system_clock::time_point> expires_at{};
  std::optional<std::chrono::system_clock::time_point> tick_at{};  ///< the time that it is for
  std::optional<std::chrono::milliseconds> time_limit{};           ///< of an attempt; 0: none
  std::optional<std::chrono::milliseconds> soft_time_limit{};      ///< the same, until it is asked to stop
  std::string database{};                                          ///< alias; empty: the worker's default
  Priority priority = Priority::kNormal;
  bool durable =
      false;        ///< a row of the job table of that database, which decides whether it still has to run
  int crashes = 0;  ///< how often a worker process has died while it ran this job, up to kMaxAttempts
  std::vector<AttemptError> errors{};
  /// When a worker first did not know the task.
  std::optional<std::chrono::system_clock::time_point> unknown_since{};
  int snoozes = 0;  ///< how many of its attempts count nothing, as the task has put them off
  /// No retry begins from then on: set by its first failure, where the job or its task says retry_for.
  std::optional<std::chrono::system_clock::time_point> retry_until{};
  /// It is dead, and only the hook of its task is still to hear of that: the cause and the reason of its
  /// letter, and the id under which the hook enters the ledger.  Empty: it is not.
  std::string death_cause{};
  std::string death_reason{};
  std::string death_id{};
  bool undo = false;  ///< with death_cause, of a flow: what it has done is to be undone before it is buried
  nlohmann::json trace{};  ///< see trace_of(); carried along untouched, whatever it is, null when absent
  Headers headers{};
  bool unique = false;      ///< it has a unique key, and may have to wait for the job before it
  std::string limit_key{};  ///< for limits, as its call has given it; empty: as its task says
  std::string flow{};       ///< the id of the one that waits until it has taken effect; empty: none does
  /// Since when it waits for a limit, and has had its turn to come for a rate, until it runs.
  std::optional<std::chrono::system_clock::time_point> limited_since{};
  std::optional<std::chrono::system_clock::time_point> limit_turn{};  ///< by the clock of its database
  /// Fields of a later program: an object, null if there are none.  Carried along in whatever is written of
  /// the job, as are those of its backoff and its errors.
  nlohmann::json unknown{};
  nlohmann::json unknown_in_backoff{};

  /// `attempt`, without those that count nothing: what its task and its max_retries go by.
  int counted_attempt() const noexcept { return std::max(attempt - snoozes, 1); }

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

inline constexpr int kMaxAttempts = 1'000'000;   ///< the last attempt of any job, whatever its max_retries
inline constexpr std::size_t kErrorsKept = 100;  ///< older ones are dropped, the first is kept
inline constexpr int kArgsDepthLimit = 64;  ///< arrays and objects inside one another, args itself counted
inline constexpr std::size_t kArgsValueLimit = 10'000;     ///< elements and members at all levels of args
inline constexpr std::size_t kTraceValueLimit = 1'000;     ///< the same for trace
inline constexpr std::size_t kUnknownValueLimit = 10'000;  ///< the same for all unknown fields together
inline constexpr std::size_t kWorkerTextLimit = 128;       ///< bytes of AttemptError::worker
inline constexpr std::size_t kTypeTextLimit = 128;         ///< bytes of AttemptError::type
inline constexpr std::size_t kLogTextLimit = 2048;         ///< bytes of AttemptError::log
inline constexpr std::size_t kLogsKept = 3;                ///< of the newest errors, and no others
/// Bytes that workers can add to a job at most, nearly all of them errors: none outgrows its limit by
/// failing.
inline constexpr std::size_t kErrorsRoom =
    (kErrorsKept + 1) * 2 * (kErrorTextLimit + kWorkerTextLimit + kTypeTextLimit + 64) +
    kLogsKept * 2 * (kLogTextLimit + 16);

/// The whole text: the job's own object around the others, its fields, backoff, errors of six values each.
inline constexpr JsonLimits kEnvelopeLimits{
    kArgsDepthLimit + 1,
    kArgsValueLimit + kTraceValueLimit + kUnknownValueLimit + 6 * kErrorsKept + kLogsKept + 500};

/// Compact JSON.  Throws PayloadError, naming the field, for whatever decode would refuse: a string that is
/// not UTF-8, a number that is not finite, args beyond their limits, a name that is none.  The size alone is
/// not checked.
std::string encode(const Envelope& envelope);

/// Reads what encode wrote, or another producer did.  Strict: any field of a wrong type or range, an unknown
/// version, a duplicate key, args or unknown fields beyond their limits, or text over `size_limit` is
/// Malformed. `size_limit` is that of enqueueing; what workers add (attempt, crashes, errors, unknown_since)
/// may go beyond it by kErrorsRoom.  Never throws for bad input.
std::variant<Envelope, Malformed> decode(std::string_view text, std::size_t size_limit);

/// The same from a parsed tree, whose parts are moved out; for a text that holds an envelope within.
std::variant<Envelope, Malformed> read_envelope(nlohmann::json& tree);

/// Appends a failed attempt, bounded in number and length; makes its texts clean (see clean_text).
void add_error(Envelope& envelope, AttemptError error);

}  // namespace aftercommit
