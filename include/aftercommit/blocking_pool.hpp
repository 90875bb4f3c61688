/// Threads for what waits for a database, in programs whose own threads must not wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stop_token>
#include <utility>

#include "aftercommit/database.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"

namespace aftercommit {

class BlockingPool;

namespace detail {

class PoolCore;
class PoolEntry;

/// What a pool is given: for the library's own parts, as asio.hpp.  Each is run or refused, once, and
/// completed after that.
class PoolWork {
 public:
  PoolWork() = default;
  PoolWork(const PoolWork&) = delete;
  PoolWork& operator=(const PoolWork&) = delete;
  virtual ~PoolWork() = default;
  virtual void run() noexcept = 0;  ///< in a thread of the pool: keeps what comes of it
  virtual void refuse(std::exception_ptr why) noexcept = 0;         ///< in any thread, in place of run()
  virtual void complete() noexcept = 0;                             ///< in any thread: tells who has asked
  virtual std::exception_ptr cancelled(bool stopped) noexcept = 0;  ///< what it ends with then
};

/// Work that has been asked for, to be cancelled by.  Thread-safe, as copies of one are.
class PoolTicket {
 public:
  /// See BlockingPool.  Nothing happens where the work has ended, or commits already.
  void cancel() const noexcept;

 private:
  friend class aftercommit::BlockingPool;
  explicit PoolTicket(std::shared_ptr<PoolEntry> entry) noexcept : entry_{std::move(entry)} {}

  std::shared_ptr<PoolEntry> entry_;
};

/// Nothing that the work of the calling thread does lasts before begin_commit_of_work().  Nothing in a thread
/// of no pool.
void work_waits_to_commit() noexcept;

/// The work of the calling thread is about to commit: from now on it cannot be cancelled.  Throws what a
/// cancelled one ends with where it has been.  Nothing in a thread of no pool.
void begin_commit_of_work();

/// What the work of the calling thread ends with, which threw `thrown`: the error of the statement that a
/// cancel has hit is that of the cancel.
std::exception_ptr ending_of_work(std::exception_ptr thrown) noexcept;

}  // namespace detail

/// A BlockingPool could not take the work, or did not come to it in time: too much waits already.  It has not
/// begun, and may be asked for again later; a server answers 503.
struct AFTERCOMMIT_EXPORT PoolExhausted : DatabaseUnavailable {
  using DatabaseUnavailable::DatabaseUnavailable;
};

struct BlockingPoolOptions {
  std::size_t threads = 0;         ///< at most; 0: as many as the database has connections (`pool_size`)
  std::size_t queue_limit = 1000;  ///< how many may wait for a thread: one more is a PoolExhausted at once
  /// Longest wait for a thread, then it is a PoolExhausted; 0: without an end.
  std::chrono::milliseconds queue_timeout{5000};
};

/// A bounded number of threads, and a bounded queue before them.  Each runs one thing after the other, from
/// its beginning to its end, so that inside of it all is as in any thread: blocks, `delay`, on_commit.  To be
/// used by aftercommit/asio.hpp.  Threads are made as they are needed, take no signals, and stay.
///
/// Who cancels what waits takes it out of the queue.  What runs is cut short: its statement is cancelled by
/// the server, each further use of a database throws, so that its block is rolled back; if the server does
/// not react, its connection is cut.  From the COMMIT of async_atomic and async_atomic_request on the outcome
/// stands, and a cancel is of no effect.
///
/// Thread-safe.  To be destroyed before the databases, and before the execution contexts (io_context) that
/// its work is completed on.  In the child of a fork it is of no use, and harmless: make another one there.
class BlockingPool {
 public:
  /// Throws UsageError if it were to have no thread.
  explicit BlockingPool(const Database& database, const BlockingPoolOptions& options = {});
  ~BlockingPool();  ///< as stop()
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// What waits is completed as cancelled, and so is what comes later; returns when what runs has ended.
  /// Twice is fine.  UsageError in one of its own threads, which would wait for itself.
  void stop();

  std::size_t threads() const noexcept;  ///< at most
  std::size_t waiting() const noexcept;  ///< for a thread, now
  std::size_t running() const noexcept;  ///< now

  /// For the library's own parts.  Work is asked for in two steps, as it may be cancelled by the first
  /// already.
  detail::PoolTicket ticket(const std::stop_token& stop) const;
  void submit(const detail::PoolTicket& ticket, std::unique_ptr<detail::PoolWork> work);

 private:
  const std::shared_ptr<detail::PoolCore> core_;
};

}  // namespace aftercommit
