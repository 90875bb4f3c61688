/// What a worker says of itself, for an operator to see.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "broker/contract/names.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// Where it runs, since when, and which jobs: never with their arguments.  docs/wire-format.md has the form.
class SelfReport {
 public:
  static constexpr std::size_t kJobsNamed = 100;  ///< those that have run longest

  /// `running` is not owned and outlives this.
  SelfReport(const RunningJobs& running, std::string app, std::vector<Queue> queues, std::size_t concurrency);

  /// As of now, one JSON object.  From any thread.
  std::string text() const;

 private:
  const RunningJobs& running_;  // not owned, outlives this
  const std::string app_;
  const std::vector<Queue> queues_;
  const std::size_t concurrency_;
  const std::string host_;
  const std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
};

}  // namespace aftercommit::worker
