/// Whether a shard answers, as far as this process knows.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace aftercommit {

class ShardState {
 public:
  using Clock = std::chrono::steady_clock;

  /// The one of this name; made at its first mention, and never gone.
  static ShardState& of(const std::string& name);

  explicit ShardState(std::string name);

  const std::string& called() const noexcept { return called_; }

  /// Whether to ask it now.  After a while in which nobody did so one caller may, and the others still not,
  /// until that one has said how it went, or has taken too long to.
  bool may_be_asked() noexcept;
  void answered() noexcept;
  /// Not to be asked for 1 s, then 2, 4, 8; what follows within half a second is the same failure.
  void failed() noexcept;

  /// Somebody watches it, and says so.
  void set_away(bool away) noexcept;
  bool is_away() const noexcept { return away_.load(std::memory_order_relaxed); }

 private:
  static std::int64_t now_ms() noexcept;

  const std::string called_;
  std::atomic<bool> away_{false};
  std::atomic<int> failures_{0};  // in a row
  std::atomic<std::int64_t> ask_at_ms_{0};
  std::atomic<std::int64_t> failed_at_ms_{0};
};

}  // namespace aftercommit
