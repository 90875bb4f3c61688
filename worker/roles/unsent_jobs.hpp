/// Jobs of tasks that could not be sent at their commit.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/contract/enqueue_target.hpp"

namespace aftercommit::worker {

/// For all who settle jobs of a worker: whoever comes first sends them, before anything is settled, so that
/// no task is forgotten while its children are not yet known.  Thread-safe.
class UnsentJobs {
 public:
  void add(std::vector<Outgoing> jobs) {
    const std::lock_guard lock{mutex_};
    std::ranges::move(jobs, std::back_inserter(jobs_));
    any_ = !jobs_.empty();
  }
  bool any() const noexcept { return any_; }

  /// Sends what there is; what is not taken stays.  Gives back why they were refused; throws when the broker
  /// does not answer.
  std::optional<std::string> send(EnqueueTarget& target) {
    constexpr std::chrono::milliseconds kTimeout{2000};
    if (!any_) return {};
    const std::lock_guard sending{sending_};
    auto jobs = take();
    if (jobs.empty()) return {};
    try {
      target.enqueue(jobs, kTimeout);
      put_back({});
      return {};
    } catch (const EnqueueFailure& failure) {
      std::vector<Outgoing> unsent;
      for (const auto index : failure.unsent()) unsent.push_back(std::move(jobs[index]));
      put_back(std::move(unsent));
      if (failure.retryable()) throw;
      return failure.what();
    } catch (...) {
      put_back(std::move(jobs));
      throw;
    }
  }

 private:
  std::vector<Outgoing> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(jobs_, {});  // any_ stays, until it is known that they are sent
  }
  /// Before those that have come meanwhile.
  void put_back(std::vector<Outgoing> jobs) {
    const std::lock_guard lock{mutex_};
    std::ranges::move(jobs_, std::back_inserter(jobs));
    jobs_ = std::move(jobs);
    any_ = !jobs_.empty();
  }

  std::mutex sending_;  // held by who sends
  std::mutex mutex_;    // protects what follows
  std::vector<Outgoing> jobs_;
  std::atomic<bool> any_{false};
};

}  // namespace aftercommit::worker
