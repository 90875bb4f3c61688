/// Which workers have been seen alive at which shard.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "broker/contract/names.hpp"
#include "worker/roles/lease_watch.hpp"

namespace aftercommit::worker {

/// Shared by the recoverers of a worker, each of which looks at one shard.  Thread-safe.
class SeenAlive {
 public:
  using Clock = LeaseWatch::Clock;

  void saw(std::size_t shard, std::map<WorkerId, Clock::time_point> alive_until) {
    const std::lock_guard lock{mutex_};
    by_shard_[shard] = std::move(alive_until);
  }

  bool lives_elsewhere(std::size_t shard, const WorkerId& worker, Clock::time_point now) const {
    const std::lock_guard lock{mutex_};
    for (const auto& [other, workers] : by_shard_) {
      const auto seen = workers.find(worker);
      if (other != shard && seen != workers.end() && now < seen->second) return true;
    }
    return false;
  }

 private:
  mutable std::mutex mutex_;  // protects by_shard_
  std::map<std::size_t, std::map<WorkerId, Clock::time_point>> by_shard_;
};

}  // namespace aftercommit::worker
