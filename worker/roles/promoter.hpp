/// Moves delayed jobs to the ready ones when they are due, by the broker's clock.
#pragma once

#include <memory>
#include <vector>

#include "broker/contract/schedule.hpp"
#include "worker/roles/of_shard.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Every worker has one; whichever comes first promotes.  The log calls it the scheduler.
class Promoter {
 public:
  Promoter(std::unique_ptr<DelayedJobs> broker, std::vector<Queue> queues, OfShard of = {});

  RoleThread& thread() noexcept { return thread_; }

 private:
  void promote();

  const std::unique_ptr<DelayedJobs> broker_;  // used by thread_ alone, as is what follows
  const std::vector<Queue> queues_;
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
