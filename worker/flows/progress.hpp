/// What getting on makes of a flow's job.
#pragma once

#include <algorithm>

#include "broker/envelope/envelope.hpp"

namespace aftercommit::worker {

/// Whether anything of it counts against what it does now: attempts, crashes, a time for retries, or for its
/// beginning.
inline bool is_held_against(const Envelope& job) noexcept {
  return job.counted_attempt() > 1 || job.crashes > 0 || job.retry_until || job.expires_at;
}

/// Nothing that has gone wrong before counts against what comes next: each step has all retries, and a flow
/// that gets on is no poison pill.  Its attempt has a number of its own, so that what is said late of the one
/// before finds it settled.
inline Envelope got_on(const Envelope& job) {
  auto next = job;
  next.attempt = std::min(job.attempt + 1, kMaxAttempts);
  next.snoozes = next.attempt - 1;
  next.crashes = 0;
  next.retry_until.reset();
  next.expires_at.reset();
  return next;
}

}  // namespace aftercommit::worker
