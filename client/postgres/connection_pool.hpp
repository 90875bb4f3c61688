/// The connections of one database: made when needed, kept when idle, never more than the pool's size.  Who
/// takes one finds nothing of what the one before has changed in its session.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/postgres/connection.hpp"
#include "client/postgres/frozen_watch.hpp"

namespace aftercommit::detail {

/// While one lives, its thread takes part in one connection of each pool with all other such threads: it
/// waits for what another has taken, so long at most, before one more is made.  For those who ask briefly and
/// now and then.
class SharesConnections {
 public:
  /// By default longer than such a question takes, and no longer than any of them can well wait.
  explicit SharesConnections(std::chrono::milliseconds patience = std::chrono::milliseconds{200}) noexcept;
  ~SharesConnections();
  SharesConnections(const SharesConnections&) = delete;
  SharesConnections& operator=(const SharesConnections&) = delete;

 private:
  const std::chrono::milliseconds before_;
};

/// Thread-safe.
class ConnectionPool {
 public:
  ConnectionPool(DatabaseOptions options, std::string alias);

  /// One connection, given back when destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(ConnectionPool& pool, std::shared_ptr<Connection> connection, bool reused, bool shared)
        : pool_{&pool}, connection_{std::move(connection)}, reused_{reused}, shared_{shared} {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(connection_, other.connection_);
      std::swap(reused_, other.reused_);
      std::swap(shared_, other.shared_);
      return *this;
    }
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_), shared_);
    }

    explicit operator bool() const noexcept { return connection_ != nullptr; }
    Connection* operator->() const noexcept { return connection_.get(); }
    Connection* get() const noexcept { return connection_.get(); }
    std::shared_ptr<Connection> share() const noexcept { return connection_; }  ///< to cancel from outside
    bool reused() const noexcept { return reused_; }  ///< it lay idle before, and may have died meanwhile
    /// Closes it instead of giving it back.
    void discard() noexcept {
      if (!connection_) return;
      connection_.reset();
      pool_->give_back(nullptr, shared_);
    }
    /// In the child of a fork: neither uses nor closes what the parent goes on with, and waits for no lock
    /// that one of its threads may have held.
    void leave_to_parent() noexcept {
      if (connection_) pool_->leave_to_parent(std::move(connection_), shared_);
    }

   private:
    ConnectionPool* pool_ = nullptr;  // not owned, outlives this
    std::shared_ptr<Connection> connection_;
    bool reused_ = false;
    bool shared_ = false;  // taken by a thread that shares
  };

  /// Waits for a connection up to the pool's timeout; throws DatabaseUnavailable.
  Lease lease();
  /// One that lies idle, at once; an empty lease where there is none.
  Lease lease_idle();
  /// While on, lease() throws DatabaseUnavailable at once: for who knows that the server does not answer, and
  /// asks it by a connection outside the pool.
  void refuse(bool on) noexcept { refuses_ = on; }
  /// Closes the idle ones: for when one of them turned out dead.
  void drop_idle() noexcept;

 private:
  void wait_for_room(std::unique_lock<std::mutex>& lock, bool shared);
  std::shared_ptr<Connection> take_idle() noexcept;                              // null: there is none
  void give_back(std::shared_ptr<Connection> connection, bool shared) noexcept;  // null: it was closed
  void leave_to_parent(std::shared_ptr<Connection> connection, bool shared) noexcept;

  const DatabaseOptions options_;
  const std::string alias_;
  const std::shared_ptr<FrozenWatch> watch_;
  std::mutex mutex_;  // protects idle_, out_ and shared_out_
  std::condition_variable returned_;
  std::condition_variable returned_to_share_;
  std::vector<std::shared_ptr<Connection>> idle_;  // the most recently used last, and used first
  std::size_t out_ = 0;
  std::size_t shared_out_ = 0;  // of them, with threads that share
  std::atomic<bool> refuses_{false};
};

}  // namespace aftercommit::detail
