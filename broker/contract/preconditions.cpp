/// Says what is wrong with a call, before anything is sent.
#include "broker/contract/preconditions.hpp"

namespace aftercommit {

void require_relayable(const RelayStep& step) {
  constexpr std::size_t kMostJobs = 1000;
  if (step.jobs.size() > kMostJobs) {
    throw UsageError{"cannot relay " + std::to_string(step.jobs.size()) + " jobs in one step: at most " +
                     std::to_string(kMostJobs)};
  }
  for (const auto& job : step.jobs) {
    if (!job.durable) throw UsageError{"cannot relay a job that is not durable"};
    require_same_queue(step.queue, job);
  }
}

void require_same_queue(const Queue& queue, const Outgoing& job) {
  if (job.queue == queue) return;
  throw UsageError{"cannot put a job of queue '" + job.queue + "' into queue '" + queue + "'"};
}

}  // namespace aftercommit
