/// By which others end what the task of a thread does with its databases.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace aftercommit::detail {

class Connection;
class Session;

/// One for each thread that runs tasks.  Thread-safe, but where it is of the calling thread.
class Interrupt {
 public:
  enum class Lasts : std::uint8_t {
    kOnce,     ///< the task may catch it and go on
    kForGood,  ///< each use of a database throws it; what is given back to a pool is closed instead, since
               ///< the cancel of its statement may be on its way
  };

  /// While it lives the calling thread has this one, and its sessions are known to it: made before any of
  /// them.
  class OfThread {
   public:
    explicit OfThread(Interrupt& interrupt) noexcept { own_ = &interrupt; }
    ~OfThread() { own_ = nullptr; }
    OfThread(const OfThread&) = delete;
    OfThread& operator=(const OfThread&) = delete;
  };

  /// Before the calling thread uses a database: throws what is pending for it.
  static void check() {
    if (own_ != nullptr && own_->pending_.load(std::memory_order_relaxed)) own_->throw_pending();
  }
  /// Whether a cancel may be on its way to whatever the calling thread holds.
  static bool may_be_cancelled() noexcept {
    return own_ != nullptr && own_->for_good_.load(std::memory_order_relaxed);
  }
  /// The calling thread has this session from now on.
  static void made(const std::shared_ptr<Session>& session);

  /// From now on check() throws `why` in its thread; in place of what it threw before.
  void set(std::exception_ptr why, Lasts lasts) noexcept;
  void clear() noexcept;
  /// For the simulations of the test kit: `look` is called at each use of a database by its thread, before
  /// anything is sent, whatever is pending.  By that thread; null: not any more.
  void watch_uses(std::function<void()> look);
  /// Those that its thread's sessions hold now, for a cancel or an end: after set(), so that none of them
  /// goes to another thread meanwhile.
  std::vector<std::shared_ptr<Connection>> connections() const;

 private:
  void throw_pending();

  static constinit thread_local Interrupt* own_;  // not owned; null: its thread cannot be interrupted

  std::atomic<bool> pending_{false};  // changed with mutex_ held, as the next
  std::atomic<bool> for_good_{false};
  mutable std::mutex mutex_;  // protects what follows
  std::exception_ptr why_;    // with pending_; null: only uses are watched
  std::function<void()> look_;
  std::vector<std::weak_ptr<Session>> sessions_;
};

}  // namespace aftercommit::detail
