#include "worker/run/retry_rules.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/epoch_ms.hpp"
#include "base/in_seconds.hpp"
#include "broker/envelope/dead_letter_fields.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::system_clock::time_point;

const TaskOptions& options_or_defaults(const TaskOptions* task) {
  static const TaskOptions kDefaults{};
  return task != nullptr ? *task : kDefaults;
}

double random_share() {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_real_distribution<>{}(random);
}

/// "For ever" must not overflow the clock.
Time later(Time time, milliseconds wait) {
  constexpr milliseconds kLongest = std::chrono::years{100};
  const auto now = std::chrono::floor<milliseconds>(time.time_since_epoch());
  return from_epoch_ms((now + std::clamp(wait, milliseconds{0}, kLongest)).count());
}

}  // namespace

RetryRules::RetryRules(const Envelope& job, const TaskOptions* task)
    : job_{job}, task_{options_or_defaults(task)} {}

int RetryRules::max_retries() const {
  return std::min(job_.max_retries.value_or(task_.max_retries), kMaxAttempts - 1);
}

milliseconds RetryRules::wait(int retry) const {
  return wait_of(job_.backoff.value_or(task_.backoff), retry);
}

std::optional<milliseconds> RetryRules::retry_for() const {
  return job_.retry_for ? job_.retry_for : task_.retry_for;
}

std::optional<Time> RetryRules::retry_until(Time now) const {
  if (job_.retry_until) return job_.retry_until;
  const auto length = retry_for();
  return length ? std::optional{later(now, *length)} : std::nullopt;
}

std::string RetryRules::too_late(Time now, milliseconds countdown) const {
  const auto until = retry_until(now);
  if (!until || later(now, countdown) < *until) return {};
  const auto length = retry_for();
  return "its retry_for" + (length ? " of " + in_seconds(*length) + " s" : std::string{}) +
         (now < *until ? " ends before it would run again" : " has passed");
}

milliseconds wait_of(const Backoff& backoff, int retry) { return backoff.wait(retry, random_share()); }

Envelope next_attempt(const Envelope& job, const RetryRules& rules, Time now) {
  auto next = job;
  next.attempt = std::min(job.attempt + 1, kMaxAttempts);
  next.retry_until = rules.retry_until(now);
  next.limited_since.reset();  // another attempt waits anew
  next.limit_turn.reset();
  return next;
}

Envelope dying(const Envelope& job, DeadLetter::Cause cause, const std::string& reason, bool undo) {
  auto next = job;
  next.attempt = std::min(job.attempt + 1, kMaxAttempts);  // so that a late word on this one finds it settled
  next.death_cause = to_string(cause);
  next.death_reason = clean_text(reason);
  next.death_id = JobId::generate().str();
  next.undo = undo;
  if (!undo) return next;
  next.snoozes = next.attempt - 1;
  next.retry_until.reset();
  return next;
}

Envelope as_it_died(Envelope job) {
  job.attempt = std::max(job.attempt - 1, 1);
  job.death_cause.clear();
  job.death_reason.clear();
  job.death_id.clear();
  job.undo = false;
  return job;
}

DeadLetter::Cause cause_of_death(const Envelope& job) noexcept { return cause_of_death(job.death_cause); }

DeadLetter::Cause cause_of_death(std::string_view word) noexcept {
  for (const auto& [cause, known] : fields::kCauses) {
    if (known == word) return cause;
  }
  return DeadLetter::Cause::kRetriesExhausted;
}

}  // namespace aftercommit::worker
