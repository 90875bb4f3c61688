/// How many jobs a worker holds ahead of its executors.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace aftercommit::worker {

/// As many as the executors finish in 20 ms, so that quick jobs come in large batches and a slow one never
/// waits here while another worker is idle.  Not thread-safe.
class ReadAhead {
 public:
  explicit ReadAhead(std::size_t most) : most_{most} {}

  void job_finished() noexcept { ++finished_; }
  void forget_rate() noexcept { per_ms_ = 0; }

  std::size_t jobs() {
    const auto now = std::chrono::steady_clock::now();
    const double elapsed_ms = std::chrono::duration<double, std::milli>(now - measured_at_).count();
    if (elapsed_ms >= 1.0) {
      per_ms_ = (per_ms_ + static_cast<double>(finished_) / elapsed_ms) / 2;
      finished_ = 0;
      measured_at_ = now;
    }
    return std::min(most_, static_cast<std::size_t>(per_ms_ * static_cast<double>(kAhead.count())));
  }

 private:
  static constexpr std::chrono::milliseconds kAhead{20};

  const std::size_t most_;
  std::size_t finished_ = 0;  // since measured_at_
  std::chrono::steady_clock::time_point measured_at_ = std::chrono::steady_clock::now();
  double per_ms_ = 0.0;  // jobs finished, smoothed
};

}  // namespace aftercommit::worker
