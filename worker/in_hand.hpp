/// The jobs that this worker has fetched and not settled yet.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "broker/broker.hpp"

namespace aftercommit::worker {

/// Thread-safe.  A broker hands out all that stands in a worker's name when it is connected to anew: what is
/// in hand must not be run beside itself.
class InHand {
 public:
  /// Takes these in hand; drops from `jobs` those that were.
  void take(std::vector<Fetched>& jobs) {
    const std::lock_guard lock{mutex_};
    std::erase_if(jobs, [&](const Fetched& job) { return !entries_.insert(key(job)).second; });
  }

  /// These are settled.
  void release(std::span<const Settlement> settlements) {
    const std::lock_guard lock{mutex_};
    for (const auto& settlement : settlements) entries_.erase(key(settlement));
  }

 private:
  static std::string key(const auto& job) { return job.queue + '/' + job.entry; }

  std::mutex mutex_;  // protects entries_
  std::unordered_set<std::string> entries_;
};

}  // namespace aftercommit::worker
