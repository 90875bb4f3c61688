/// What the options of a job and its task make of an attempt that has not taken effect: the same for each way
/// in which one can end, an exception, Retry, Snooze, or a crash of its process.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aftercommit/delivery.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::worker {

/// Of one job.  Neither is owned, both outlive this.  `task`: null where it is not known here; then what the
/// job itself says holds, and the defaults.
class RetryRules {
 public:
  RetryRules(const Envelope& job, const TaskOptions* task);

  int max_retries() const;
  /// Before retry number `retry`, counted from 1; another one each time, as its jitter has it.
  std::chrono::milliseconds wait(int retry) const;
  /// Why a next attempt in `countdown` would come too late for retry_for; empty: it would not.  retry_for
  /// begins `now`, unless it has begun before.
  std::string too_late(std::chrono::system_clock::time_point now, std::chrono::milliseconds countdown) const;
  /// When no retry begins any more; nothing: retry_for sets no bound.
  std::optional<std::chrono::system_clock::time_point> retry_until(
      std::chrono::system_clock::time_point now) const;

 private:
  std::optional<std::chrono::milliseconds> retry_for() const;

  const Envelope& job_;
  const TaskOptions& task_;
};

/// Before retry number `retry`, counted from 1; another one each time, as its jitter has it.
std::chrono::milliseconds wait_of(const Backoff& backoff, int retry);

/// The job as it runs again: its next attempt, with what has begun by this one.
Envelope next_attempt(const Envelope& job, const RetryRules& rules,
                      std::chrono::system_clock::time_point now);

// --- A job that is dead, but for the hook of its task (Task::on_failure): it is delivered once more for that
// alone, so that the hook runs in a worker that lives, whatever the job died of.

/// `undo`: for what the flow has done to be undone first, with all retries anew.
Envelope dying(const Envelope& job, DeadLetter::Cause cause, const std::string& reason, bool undo = false);
inline bool is_dying(const Envelope& job) noexcept { return !job.death_cause.empty(); }
/// As it died, for its dead letter.
Envelope as_it_died(Envelope job);
/// That of dying(); of a word that this program does not know, the first of all.
DeadLetter::Cause cause_of_death(const Envelope& job) noexcept;
DeadLetter::Cause cause_of_death(std::string_view word) noexcept;

}  // namespace aftercommit::worker
