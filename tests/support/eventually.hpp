/// Waiting for a condition with a deadline, instead of sleeping for luck.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace aftercommit::support {

inline constexpr std::chrono::seconds kDeadline{20};

/// Asks `condition` again and again until it is true; false if the deadline passed first.
template <class Condition>
bool eventually(Condition&& condition, std::chrono::milliseconds deadline = kDeadline) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    never.wait_for(lock, std::chrono::milliseconds{2});
  }
  return true;
}

}  // namespace aftercommit::support
