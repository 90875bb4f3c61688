/// Jobs that were put off because another transaction has them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"
#include "worker/held/look_again.hpp"

namespace aftercommit::worker {

/// Thread-safe.  Executors note them, the recoverer looks who has them: a worker that is stopped for ever,
/// and that the broker has forgotten together with its data, is found in this way alone.  Where there are
/// many, the fetcher looks for more of them in batches, so that none costs an executor a transaction.
class LockedJobs {
 public:
  using Job = std::pair<Database*, JobId>;

  /// Answers when to look at it again.
  std::chrono::milliseconds note(Database& database, const JobId& job) {
    const std::lock_guard lock{mutex_};
    if (jobs_.size() < kKept) jobs_.emplace(&database, job);
    auto& met = met_[&database];
    if (++met >= kMany) many_ = true;
    return again_.wait(job, met >= kMany ? kLongestOfMany : kLongest);
  }
  /// A few of those noted since the last time.
  std::set<Job> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(jobs_, {});
  }

  /// When to look again at a job that is put off for another reason, or as nobody knows why.
  std::chrono::milliseconds put_off(const JobId& job) { return again_.wait(job, kLongest); }
  /// It has been claimed.
  void forget(const JobId& job) { again_.forget(job); }

  /// Whether there are many in any database, cheaply; in this one.
  bool many() const noexcept { return many_; }
  bool many(Database& database) {
    const std::lock_guard lock{mutex_};
    return met_[&database] >= kMany;
  }
  /// So many were in a batch of `asked`: whether there are many goes by that from now on.
  void found(Database& database, std::size_t jobs, std::size_t asked) {
    const std::lock_guard lock{mutex_};
    met_[&database] = jobs >= kMany || 2 * jobs > asked ? kMany : 0;
    many_ = false;
    for (const auto& [each, met] : met_) many_ = many_ || met >= kMany;
  }

 private:
  static constexpr std::size_t kKept = 100;  // enough to find a silent holder
  static constexpr std::size_t kMany = 16;
  static constexpr std::chrono::milliseconds kLongest{4000};
  static constexpr std::chrono::milliseconds kLongestOfMany{30'000};

  std::mutex mutex_;  // protects the next two
  std::set<Job> jobs_;
  std::map<Database*, std::size_t> met_;  // since found()
  std::atomic<bool> many_{false};
  LookAgain again_;
};

}  // namespace aftercommit::worker
