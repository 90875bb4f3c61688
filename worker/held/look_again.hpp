/// When to look again at a job that was put off: in growing steps.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <random>

#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// Thread-safe.  Remembers a bounded number of jobs, a forgotten one begins anew.  Where very many wait they
/// are spread over as long as it takes to look at four in a millisecond, so that they do not fill the queue.
class LookAgain {
 public:
  /// This job is put off once more: 1 s, then 2 s, 4 s ... `longest`.
  std::chrono::milliseconds wait(const JobId& job, std::chrono::milliseconds longest) {
    constexpr std::chrono::milliseconds kFirst{1000};
    constexpr int kMostSteps = 10;
    const std::lock_guard lock{mutex_};
    auto& steps = steps_[job];
    const auto wait = std::min(kFirst * (1 << steps), longest);
    steps = std::min(steps + 1, kMostSteps);
    const std::chrono::milliseconds all{steps_.size() / kLooksPerMs};
    if (steps_.size() > kRemembered) steps_.erase(steps_.begin());
    any_ = true;
    if (wait > all / 2) return wait;
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::chrono::milliseconds{std::uniform_int_distribution{all.count() / 2, all.count()}(random)};
  }
  /// Nothing has kept it from running.
  void forget(const JobId& job) {
    if (!any_) return;
    const std::lock_guard lock{mutex_};
    steps_.erase(job);
    any_ = !steps_.empty();
  }

 private:
  static constexpr std::size_t kRemembered = 200'000;
  static constexpr std::size_t kLooksPerMs = 4;

  std::mutex mutex_;  // protects steps_
  std::map<JobId, int> steps_;
  std::atomic<bool> any_{false};
};

}  // namespace aftercommit::worker
