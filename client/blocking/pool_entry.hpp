/// One thing that a BlockingPool has been asked for, from then to its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "aftercommit/blocking_pool.hpp"

namespace aftercommit::detail {

class PoolThread;

///    kNew --> kWaiting --> kRunning --> kCommitting
///     |          |            |             |
///     +----------+------------+-------------+--> kEnded
///
/// For who holds the mutex of the pool, cancel() apart.
class PoolEntry {
 public:
  enum class State : std::uint8_t {
    kNew,         ///< not submitted yet
    kWaiting,     ///< for a thread
    kRunning,     ///< may be cut short
    kCommitting,  ///< runs, and cannot be cancelled any more
    kEnded,
  };

  /// Two steps, since the callback runs at once where a stop is asked for already.
  explicit PoolEntry(std::shared_ptr<PoolCore> core) noexcept : core_{std::move(core)} {}
  PoolEntry(const PoolEntry&) = delete;
  PoolEntry& operator=(const PoolEntry&) = delete;
  static std::shared_ptr<PoolEntry> make(std::shared_ptr<PoolCore> core, const std::stop_token& stop);

  const std::shared_ptr<PoolCore>& core() const noexcept { return core_; }

  std::unique_ptr<PoolWork> work{};  // while it waits or runs
  State state = State::kNew;
  bool cancelled = false;
  bool severed = false;          // its connections, for that
  bool waits_to_commit = false;  // nothing that it does lasts before begin_commit_of_work()
  PoolThread* thread = nullptr;  // that it runs in
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();  // it may wait

 private:
  const std::shared_ptr<PoolCore> core_;
  // Last, so that its callback, which may be running in another thread, ends before the rest does.
  std::optional<std::stop_callback<std::function<void()>>> stop_{};
};

}  // namespace aftercommit::detail
