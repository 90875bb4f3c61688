/// The open transaction of the calling thread: statements, savepoints and hooks.
#pragma once

#include <cstdint>
#include <functional>
#include <pqxx/result>
#include <string>
#include <string_view>

#include "aftercommit/sql_params.hpp"

namespace aftercommit {

class Database;
namespace detail {
class Session;
}

/// Names one savepoint made by hand; valid until it, or one before it, is released or rolled back.
struct SavepointId {
  std::string name;
  std::uint64_t transaction = 0;  ///< of this process, so that it means nothing in another one
};

/// What an atomic block hands to its body.  All blocks of one thread on one database share it: a statement
/// runs in the innermost.  Valid while a block is open in that thread; do not keep it beyond, it would mean
/// the thread's next transaction.  In another thread every use is a UsageError, cancel() and sever() apart,
/// and in the child of a fork.
class Transaction {
 public:
  /// Runs one statement with its parameters $1, $2 ...  Without parameters `sql` may be several statements.
  /// Statements that begin or end a transaction are refused with UsageError, before they are sent.
  /// Errors of PostgreSQL are thrown as libpqxx's types, and break the innermost block: until it (or a
  /// savepoint around the statement) is rolled back, each further statement throws TransactionManagementError
  /// naming the statement that failed.
  template <class... Args>
  pqxx::result exec(std::string_view sql, const Args&... args) {
    return exec_params(sql, SqlParams{to_sql(args)...});
  }
  pqxx::result exec_params(std::string_view sql, const SqlParams& params);

  /// Runs `hook` after the outermost block has committed, in the order of registration; forgets it if the
  /// block or a savepoint around the registration rolls back.  In the hook no transaction is open; it may
  /// query, enqueue and open its own, also after a commit by hand, as if autocommit were on.  A hook that
  /// throws: `robust` logs it and goes on; otherwise the later hooks do not run and the exception reaches the
  /// caller of the outermost block, whose commit stands.  As Django's on_commit.
  void on_commit(std::function<void()> hook, bool robust = false);

  /// Savepoints by hand, inside a block or in manual mode.  As Django's savepoint functions, but hooks
  /// and jobs registered since are dropped with a rollback too.  The id is good in its own block and in those
  /// merged with it: UsageError in a block inside, whose savepoint would go with it.
  SavepointId savepoint();
  void savepoint_commit(const SavepointId& id);    ///< releases it: what was done since is kept
  void savepoint_rollback(const SavepointId& id);  ///< undoes what was done since, and heals a broken block

  /// Whether the innermost block will roll back when it is left: it was told to, or a statement in it has
  /// failed.
  bool get_rollback() const;
  /// true: the innermost block rolls back when left, silently, and runs no further statement.
  /// false takes that back; it does not heal a failed statement, a rolled-back savepoint does.
  void set_rollback(bool rollback);

  Database& database() const;

  /// Cancels the statement that runs now, if any; it fails with PostgreSQL's "canceling statement".
  /// May be called from any thread, for as long as the block is open.
  void cancel() noexcept;
  /// Cuts the connection: every further statement fails, and the server rolls back.  From any thread, as
  /// cancel().
  void sever() noexcept;

  /// For the library's own parts.
  detail::Session& session() const noexcept { return session_; }

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  friend class detail::Session;
  explicit Transaction(detail::Session& session) : session_{session} {}

  detail::Session& session_;  // owns this
};

}  // namespace aftercommit
