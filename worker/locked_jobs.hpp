/// Jobs that were put off because another transaction has them.
#pragma once

#include <mutex>
#include <set>
#include <utility>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// Thread-safe.  Executors note them, the recoverer looks who has them: a worker that is stopped for ever,
/// and that the broker has forgotten together with its data, is found in this way alone.
class LockedJobs {
 public:
  using Job = std::pair<Database*, JobId>;

  void note(Database& database, const JobId& job) {
    const std::lock_guard lock{mutex_};
    jobs_.emplace(&database, job);
  }
  std::set<Job> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(jobs_, {});
  }

 private:
  std::mutex mutex_;  // protects jobs_
  std::set<Job> jobs_;
};

}  // namespace aftercommit::worker
