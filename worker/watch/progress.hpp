/// What a thread is at, for who wants to know whether it gets on.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace aftercommit::worker {

enum class Phase : std::uint8_t {
  kWaiting,     ///< for work
  kClaiming,    ///< a job: its transaction begins, and takes its row
  kTask,        ///< the task's own body
  kCommitting,  ///< then its hooks, once the commit stands
  kSettling,    ///< what became of the job is written down
  kAtWork,      ///< of a role: one step
};

inline std::string_view to_string(Phase phase) noexcept {
  constexpr std::string_view kNames[]{"waiting",    "claiming", "in the task",
                                      "committing", "settling", "at work"};
  return kNames[static_cast<std::size_t>(phase)];
}

/// Written by one thread, for next to nothing; read by any.
class Progress {
 public:
  void enter(Phase phase) noexcept {
    const auto steps = state_.load(std::memory_order_relaxed) >> 8;
    state_.store((steps + 1) << 8 | static_cast<std::uint64_t>(phase), std::memory_order_relaxed);
  }

  /// Differs from what it was if the thread has got on.
  std::uint64_t state() const noexcept { return state_.load(std::memory_order_relaxed); }
  static Phase phase(std::uint64_t state) noexcept { return static_cast<Phase>(state & 0xFF); }

 private:
  std::atomic<std::uint64_t> state_{0};
};

}  // namespace aftercommit::worker
