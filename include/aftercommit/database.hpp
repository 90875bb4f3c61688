/// A database by its alias: a pool of connections, and Django's transaction module over it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <pqxx/result>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "aftercommit/transaction.hpp"

namespace aftercommit {

namespace detail {
class DatabaseCore;
struct Riders;

/// An atomic block of a session.
struct BlockId {
  std::uint64_t transaction = 0;
  std::size_t depth = 0;  ///< among the open ones, counted from 1
};
}  // namespace detail

/// How to reach a database.
struct DatabaseOptions {
  std::string url = {};  ///< `postgresql://user:password@host:port/name?...`, or libpq's keyword=value form
  std::size_t pool_size = 10;                    ///< connections at most, each open block uses one
  std::chrono::milliseconds pool_timeout{5000};  ///< longest wait for one of them
  std::chrono::seconds connect_timeout{5};       ///< longest wait for the server, where the URL says nothing
  std::string schema =
      "aftercommit";  ///< of the job table and the ledger; two applications in one database need two
  std::string application_name = {};  ///< shown in pg_stat_activity: a name of a-z A-Z 0-9 _ . : -
  bool atomic_requests = false;       ///< AtomicRequests wraps handlers in a block on this database
};

enum class Isolation : std::uint8_t { kDefault, kReadCommitted, kRepeatableRead, kSerializable };

/// How one atomic block behaves.
struct AtomicOptions {
  bool savepoint =
      true;  ///< false: a nested block merges with the outer; its failure marks the outer to roll back
  bool durable = false;  ///< true: must be the outermost block, and not in manual mode, otherwise UsageError
  Isolation isolation = Isolation::kDefault;  ///< of the outermost block; set on a nested one: UsageError
  bool read_only = false;                     ///< writes fail, and so does asking for a durable job; a nested
                                              ///< read-only block needs its savepoint
};

class Atomic;

/// Outside any block each statement commits by itself (autocommit).  Thread-safe: every thread has its own
/// transaction, on a connection of its own out of the pool, and must leave its blocks before the object is
/// destroyed.  A transaction belongs to its thread, which must leave it too, and to its process: the child of
/// a fork inside a block can neither use nor commit it (UsageError).  Does not connect before it is used.
class Database {
 public:
  explicit Database(DatabaseOptions options, std::string alias = "default");
  /// One with static storage may be used after that, while the process ends, as any: see exec().
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& alias() const noexcept;
  const DatabaseOptions& options() const noexcept;

  /// Runs `body` in a transaction, or, inside one, in a savepoint: commits when it returns and hands on what
  /// it returned; rolls back when it throws, anything, and lets the exception go on.  `body` takes a
  /// Transaction& or nothing.  Takes a connection now; BEGIN goes out with the first statement, which throws
  /// DatabaseUnavailable where that connection has died meanwhile and no other is to be had.  As Django's
  /// atomic; what it throws besides: DatabaseUnavailable (nothing was committed),
  /// TransactionManagementError (a failed statement, or the exception of a merged block, was swallowed:
  /// rolled back), ConfigError or UsageError (its durable jobs cannot be rows: no table, no privilege, a
  /// transaction that a statement made read-only; rolled back), CommitInDoubt, errors of deferred
  /// constraints, and after a commit that stands, EnqueueError or what a hook threw.
  template <class Body>
  auto atomic(Body&& body);
  template <class Body>
  auto atomic(const AtomicOptions& options, Body&& body);

  /// One statement: in the thread's open block, in its manual transaction, or in autocommit.  What it changes
  /// in its session (SET, LISTEN, a lock) is over when the connection goes back to the pool.  Where the
  /// server takes no writes, and no block is read-only, a write is DatabaseUnavailable.  While the process
  /// ends, the destructor of an object with static storage may still run statements if that object is younger
  /// than the process's first statement; else UsageError.
  template <class... Args>
  pqxx::result exec(std::string_view sql, const Args&... args) {
    return exec_params(sql, SqlParams{to_sql(args)...});
  }
  pqxx::result exec_params(std::string_view sql, const SqlParams& params);

  /// Transaction::on_commit of the open block; at once in autocommit; an error in manual mode outside a
  /// block.
  void on_commit(std::function<void()> hook, bool robust = false);

  /// The thread's transaction; TransactionManagementError when neither a block nor manual mode has one.
  Transaction& transaction();
  bool in_atomic_block() const noexcept;  ///< of the calling thread

  // Forwarded to the thread's transaction: see Transaction.
  SavepointId savepoint();
  void savepoint_commit(const SavepointId& id);
  void savepoint_rollback(const SavepointId& id);
  bool get_rollback() const;
  void set_rollback(bool rollback);

  /// Manual management, for the calling thread; each throws TransactionManagementError inside a block.
  /// With autocommit off a statement opens a transaction that stays open until commit or rollback.
  bool get_autocommit() const noexcept;
  void set_autocommit(bool autocommit);  ///< on again only when no transaction is open
  void commit();
  void rollback();

  /// Django's older styles, as thin forms of the above.
  template <class Body>
  auto autocommit(Body&& body);  ///< statements commit one by one while `body` runs
  template <class Body>
  auto commit_on_success(Body&& body);  ///< atomic without savepoint
  /// `body` commits and rolls back by hand; leaving with neither after its last statement rolls back and
  /// throws TransactionManagementError.
  template <class Body>
  auto commit_manually(Body&& body);

  /// Throws DatabaseUnavailable if the server cannot be reached.
  void check();

  /// For the library's own parts.
  const std::shared_ptr<detail::DatabaseCore>& core() const noexcept { return *core_; }

 private:
  void finish_manual_block();
  void leave_manual_mode(bool autocommit) noexcept;  // rolls back what is open
  template <class Body>
  auto with_autocommit(bool autocommit, Body&& body);

  // Shared with the sessions of threads.  Owned; where this object has static storage, never given up.
  const std::shared_ptr<detail::DatabaseCore>* const core_;
};

/// One atomic block as an object: leaving its scope without commit() rolls back.
///   Atomic block{database};
///   block->exec("UPDATE ...");
///   block.commit();
/// It belongs to the thread that made it: each use in another one is a UsageError, committed() apart.
class Atomic {
 public:
  explicit Atomic(Database& database, const AtomicOptions& options = {});
  /// For the library's own parts.
  Atomic(Database& database, detail::Riders& riders);
  /// Rolls back unless commit() was called; a failure to do so drops the connection.  In another thread it
  /// cuts the connection: the transaction is rolled back, and the thread that opened it gets a UsageError at
  /// its next use of the database.
  ~Atomic();
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  Transaction& transaction() const;
  Transaction* operator->() const { return &transaction(); }

  /// Leaves the block as if its body had returned; see Database::atomic for what it throws.  UsageError
  /// unless it is the innermost of its thread.
  void commit();
  /// True once the COMMIT of this outermost block has succeeded, whatever its hooks did after.  From any
  /// thread.
  bool committed() const noexcept { return committed_; }

 private:
  const std::shared_ptr<detail::Session> session_;  // of the thread that opened it, which may have ended
  detail::BlockId id_;
  bool open_ = true;
  std::atomic<bool> committed_{false};
};

template <class Body>
auto Database::atomic(Body&& body) {
  return atomic(AtomicOptions{}, std::forward<Body>(body));
}

template <class Body>
auto Database::atomic(const AtomicOptions& options, Body&& body) {
  Atomic block{*this, options};
  const auto run = [&] {
    if constexpr (std::is_invocable_v<Body, Transaction&>) {
      return std::forward<Body>(body)(block.transaction());
    } else {
      return std::forward<Body>(body)();
    }
  };
  if constexpr (std::is_void_v<decltype(run())>) {
    run();
    block.commit();
  } else {
    auto result = run();
    block.commit();
    return result;
  }
}

template <class Body>
auto Database::with_autocommit(bool autocommit, Body&& body) {
  struct Restore {
    Database& database;
    const bool before;
    ~Restore() { database.leave_manual_mode(before); }
  };
  const bool before = get_autocommit();
  set_autocommit(autocommit);
  const Restore restore{*this, before};
  return std::forward<Body>(body)();
}

template <class Body>
auto Database::autocommit(Body&& body) {
  return with_autocommit(true, std::forward<Body>(body));
}

template <class Body>
auto Database::commit_on_success(Body&& body) {
  return atomic(AtomicOptions{.savepoint = false}, std::forward<Body>(body));
}

template <class Body>
auto Database::commit_manually(Body&& body) {
  return with_autocommit(false, [&] {
    if constexpr (std::is_void_v<decltype(std::forward<Body>(body)())>) {
      std::forward<Body>(body)();
      finish_manual_block();
    } else {
      auto result = std::forward<Body>(body)();
      finish_manual_block();
      return result;
    }
  });
}

}  // namespace aftercommit
