/// Replaces a process that has run enough jobs or has grown too large.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "worker/settings/options.hpp"
#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// Thread-safe.
class Recycling {
 public:
  /// `slots` is not owned and outlives this.
  Recycling(const Options& options, const ChildSlots& slots);

  /// After each job: sends this process SIGTERM, once, if it is beyond a limit.
  void check() noexcept;
  bool asked() const noexcept { return asked_; }  ///< to stop

 private:
  void ask(const char* option) noexcept;
  /// True if it is time to look at the memory again, for one thread.
  bool memory_due() noexcept;

  const std::size_t max_jobs_;  // 0: no limit, as the next
  const std::size_t max_memory_mb_;
  const ChildSlots& slots_;
  std::atomic<std::int64_t> looked_at_ms_{0};  // at the memory
  std::atomic<bool> asked_{false};
};

}  // namespace aftercommit::worker
