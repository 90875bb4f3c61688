/// The jobs that this worker has fetched and not settled yet.
#pragma once

#include <iterator>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/contract/intake.hpp"

namespace aftercommit::worker {

/// Thread-safe.  A broker hands out all that stands in a worker's name when it is connected to anew: what is
/// in hand must not be run beside itself.
class InHand {
 public:
  /// Takes these in hand; drops from `jobs` those that were.  Takes none where it throws.
  void take(std::vector<Fetched>& jobs) {
    const std::lock_guard lock{mutex_};
    std::vector<Entries::iterator> taken;
    taken.reserve(jobs.size());
    entries_.reserve(entries_.size() + jobs.size());  // so that no iterator is lost
    auto kept = jobs.begin();                         // the end of those that were not
    try {
      for (auto job = jobs.begin(); job != jobs.end(); ++job) {
        const auto [at, is_new] = entries_.insert(key(*job));
        if (!is_new) {
          dropped_.insert(*at);
          continue;
        }
        taken.push_back(at);
        if (kept != job) std::swap(*kept, *job);
        ++kept;
      }
    } catch (...) {  // no memory: none of them is in hand
      for (const auto& at : taken) entries_.erase(at);
      throw;
    }
    jobs.erase(kept, jobs.end());
  }

  /// These are settled.  Gives back those that were handed out again meanwhile, and dropped: if the broker
  /// has fallen back to an older state since it settled them, they stand in our name once more.
  std::vector<Settlement> release(std::vector<Settlement> settlements) {
    const std::lock_guard lock{mutex_};
    for (const auto& settlement : settlements) entries_.erase(key(settlement));
    if (dropped_.empty()) return {};
    std::erase_if(settlements, [&](const Settlement& settled) { return dropped_.erase(key(settled)) == 0; });
    return settlements;
  }

  /// Jobs that are to be taken as if they had just been fetched.
  void put_back(std::vector<Fetched> jobs) {
    const std::lock_guard lock{mutex_};
    std::ranges::move(jobs, std::back_inserter(back_));
  }
  std::vector<Fetched> take_back() {
    const std::lock_guard lock{mutex_};
    return std::exchange(back_, {});
  }

 private:
  using Entries = std::unordered_set<std::string>;

  static std::string key(const auto& job) { return job.queue + '/' + job.entry; }

  std::mutex mutex_;  // protects what follows
  Entries entries_;
  Entries dropped_;
  std::vector<Fetched> back_;
};

}  // namespace aftercommit::worker
