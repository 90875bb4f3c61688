/// A thread of a BlockingPool, as others see it: what runs there, and how that is cut short.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "client/blocking/pool_entry.hpp"
#include "client/transaction/interrupt.hpp"

namespace aftercommit::detail {

/// To be owned by a shared_ptr.  For who holds the mutex of the pool, where nothing else is said.
class PoolThread : public std::enable_shared_from_this<PoolThread> {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of the calling thread; null: it is of no pool.  Without the mutex.
  static PoolThread* current() noexcept { return current_; }

  explicit PoolThread(std::mutex& mutex) noexcept : mutex_{mutex} {}

  /// While it lives the calling thread is this one.
  class OfThread {
   public:
    explicit OfThread(PoolThread& thread) noexcept : interrupt_{thread.interrupt_} { current_ = &thread; }
    ~OfThread() { current_ = nullptr; }
    OfThread(const OfThread&) = delete;
    OfThread& operator=(const OfThread&) = delete;

   private:
    Interrupt::OfThread interrupt_;
  };

  bool is_of(const std::mutex& mutex) const noexcept {
    return &mutex == &mutex_;
  }  ///< whose pool's; without it

  void begin(std::shared_ptr<PoolEntry> entry) noexcept;
  /// It has ended, and no cancel of its statements is on its way that could hit a later one.  `lock`: of the
  /// mutex, given up meanwhile.
  std::shared_ptr<PoolEntry> end(std::unique_lock<std::mutex>& lock) noexcept;
  const std::shared_ptr<PoolEntry>& entry() const noexcept { return entry_; }  ///< null: none runs

  /// From now on each use of a database throws `why`; look(), to be called at once, does the rest.
  void cut_short(const std::exception_ptr& why) noexcept;
  /// Does what is due; when to look again.
  Clock::time_point look(Clock::time_point now) noexcept;

  std::thread thread{};  // of the pool

 private:
  void start_cancel() noexcept;
  void cancel(std::uint64_t run) noexcept;
  void sever(bool all) noexcept;

  static constinit thread_local PoolThread* current_;

  std::mutex& mutex_;  // of the pool, which outlives this
  std::condition_variable cancelled_;
  Interrupt interrupt_;  // thread-safe
  std::shared_ptr<PoolEntry> entry_;
  std::uint64_t runs_ = 0;  // that have ended
  int cancels_ = 0;         // under way
  Clock::time_point cancel_at_ = Clock::time_point::max();
  Clock::time_point sever_at_ = Clock::time_point::max();
};

}  // namespace aftercommit::detail
