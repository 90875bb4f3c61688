/// The connection that a session's transaction takes, and what other threads may do to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "aftercommit/database.hpp"
#include "client/postgres/connection_pool.hpp"

namespace aftercommit::detail {

/// For the session's thread, but where it says so.
class HeldConnection {
 public:
  explicit operator bool() const noexcept { return static_cast<bool>(lease_); }
  Connection* operator->() const noexcept { return lease_.get(); }
  Connection& operator*() const noexcept { return *lease_.get(); }
  bool reused() const noexcept { return lease_.reused(); }

  void take(ConnectionPool::Lease lease);
  void give_back(bool healthy) noexcept;
  /// In the child of a fork, which waits for no lock.
  void leave_to_parent() noexcept { lease_.leave_to_parent(); }
  /// When nobody else knows of this any more.
  void discard() noexcept { lease_.discard(); }

  /// The number of the open transaction, or of the next: another one in each session of the process.
  std::uint64_t transaction() const noexcept { return transaction_; }
  void end_transaction() noexcept;
  /// Of the open transaction's blocks that others have destroyed the outermost, counted from 1; 0: there is
  /// none.  Told once.
  std::size_t take_abandoned() noexcept;

  // From any thread.
  std::shared_ptr<Connection> share() noexcept;  ///< null where none is held
  void cancel() noexcept;
  void sever() noexcept;
  /// Someone else than its thread has destroyed this block: the connection is cut, and the thread will hear.
  void abandon(const BlockId& block) noexcept;

 private:
  static std::uint64_t first_transaction() noexcept;

  std::mutex mutex_;  // held to change lease_, and to use it from outside
  ConnectionPool::Lease lease_;
  std::atomic<std::size_t> abandoned_{0};                        // changed with it held
  std::atomic<std::uint64_t> transaction_{first_transaction()};  // likewise, once constructed
};

}  // namespace aftercommit::detail
