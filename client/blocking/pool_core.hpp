/// The queue and the threads of a BlockingPool.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/blocking_pool.hpp"
#include "client/blocking/pool_entry.hpp"
#include "client/blocking/pool_thread.hpp"

namespace aftercommit::detail {

/// Shared with its entries, which may be asked for a cancel after its end.  Thread-safe.
class PoolCore {
 public:
  /// `options.threads` is not 0.  `place`: of which database it is, for messages.
  PoolCore(BlockingPoolOptions options, std::string place) : options_{options}, place_{std::move(place)} {}
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  void submit(const std::shared_ptr<PoolEntry>& entry, std::unique_ptr<PoolWork> work);
  void cancel(const std::shared_ptr<PoolEntry>& entry) noexcept;
  /// See begin_commit_of_work().  By the thread that it runs in.
  void begin_commit(PoolThread& thread);
  /// See work_waits_to_commit().  By the same.
  void wait_to_commit(PoolThread& thread) noexcept;
  struct Cancelled {
    bool cancelled = false;
    bool rolled_back = false;  ///< by cutting its connections, and nothing of it can stand
  };
  Cancelled was_cancelled(PoolThread& thread);

  void stop();
  bool is_of_this_thread() const noexcept;
  bool is_of_this_process() const;

  const BlockingPoolOptions& options() const noexcept { return options_; }
  std::size_t waiting() const noexcept;
  std::size_t running() const noexcept;

 private:
  using Clock = PoolThread::Clock;
  using Lock = std::unique_lock<std::mutex>;

  /// Null: it is taken.
  std::exception_ptr refusal(const PoolEntry& entry, PoolWork& work) const;
  void start_threads();
  void start_thread();
  void run(PoolThread& thread) noexcept;
  void watch() noexcept;
  std::deque<std::shared_ptr<PoolEntry>> take_late(Clock::time_point now) noexcept;
  std::exception_ptr late() const noexcept;

  const BlockingPoolOptions options_;
  const std::string place_;
  const unsigned process_ = current_process();
  static unsigned current_process();

  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable work_;
  std::condition_variable watched_;
  std::deque<std::shared_ptr<PoolEntry>> waiting_;  // the oldest first, so that it is the first to be late
  std::vector<std::shared_ptr<PoolThread>> threads_;
  std::size_t idle_ = 0;     // of them
  std::size_t running_ = 0;  // of them
  bool stopping_ = false;
  bool watching_ = true;
  bool watch_due_ = false;  // something is to be looked at, at once

  std::mutex stop_mutex_;  // taken before mutex_; protects the threads' ends
  std::thread watcher_;    // whose handle is set with mutex_ held
};

}  // namespace aftercommit::detail
