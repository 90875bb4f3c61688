/// The end of a job whose task has an on_failure hook: what the hook does, and that the job is dead, are one
/// commit.
#pragma once

#include <chrono>

#include "broker/contract/intake.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/run/job_ending.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// A job that is dying(): see retry_rules.hpp.  Nothing is owned, all outlives the call.
struct Dying {
  const Candidate& candidate;
  const Queue& queue;
  detail::Claim& claim;
};

/// Calls the hook and buries the job.  A hook that throws has changed nothing, and the job is buried all the
/// same; where its session is lost, or its commit fails, the job is put off and the hook called again, as
/// often as a body whose session is lost (Interruptions).  What the hook has left open outside of its
/// transaction is the caller's to end.
Settlement bury_with_hook(AttemptContext& context, RunningJob& running, const JobEnding& ending,
                          const Dying& dying, std::chrono::system_clock::time_point now);

}  // namespace aftercommit::worker
