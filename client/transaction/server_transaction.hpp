/// A transaction as the server sees it: BEGIN, statements, COMMIT or ROLLBACK, and the connection that takes.
#pragma once

#include <optional>
#include <pqxx/result>
#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "aftercommit/sql_params.hpp"
#include "base/process/forks.hpp"
#include "client/postgres/last_words.hpp"
#include "client/statements/riders.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/durable_insert.hpp"
#include "client/transaction/held_connection.hpp"
#include "client/transaction/next_transaction.hpp"
#include "client/transaction/transaction_state.hpp"

namespace aftercommit::detail {

/// One after the other, for a session.  Knows nothing of blocks, savepoints and hooks.  For one thread, its
/// connection apart.
class ServerTransaction {
 public:
  static constexpr const char* kForked = "this process was forked inside the transaction of its parent";

  /// `core` is not owned and outlives this.
  explicit ServerTransaction(DatabaseCore& core) : core_{core}, forks_{forks()} {}
  ~ServerTransaction();
  ServerTransaction(const ServerTransaction&) = delete;
  ServerTransaction& operator=(const ServerTransaction&) = delete;

  TransactionState& state() noexcept { return state_; }
  const TransactionState& state() const noexcept { return state_; }
  HeldConnection& connection() noexcept { return connection_; }
  const HeldConnection& connection() const noexcept { return connection_; }
  /// The server's last words, empty ones included, where the latest transaction or statement here has lost
  /// its session, in its commit or before.
  const std::optional<LastWords>& loss() const noexcept { return loss_; }
  void forget_loss() noexcept { loss_.reset(); }

  /// Takes a connection; BEGIN waits for the first statement, unless there are riders.  They travel with this
  /// transaction, which may have begun for them already, and outlive it; null: none.
  void begin(const AtomicOptions& options, Riders* riders = nullptr);
  /// One statement; a failure breaks the transaction.  `read_only`: a block has asked to be.
  pqxx::result send(std::string_view sql, const SqlParams& params, bool read_only);
  /// The same for one that travels with BEGIN or COMMIT elsewhere, where that is no message of its own.
  pqxx::result send_rider(const Rider& rider);
  /// What goes before RELEASE SAVEPOINT in its message, as Riders::OfHistory says; may be empty.
  std::string before_release();
  /// This savepoint is still open at COMMIT.
  void note_open(const std::string& savepoint) {
    if (riders_ != nullptr && riders_->of_history.note_savepoint != nullptr)
      riders_->of_history.open = savepoint;
  }
  /// One outside of any transaction, which is given up if it has been begun ahead.
  pqxx::result send_alone(std::string_view sql, const SqlParams& params, bool leaves_traces);
  /// With the rows of these jobs.  The next transaction may begin with it, unless `more_to_do` comes first.
  /// Throws if it was not committed, or if nobody can tell; the transaction has ended in any case.
  void commit(PendingJobs jobs, bool more_to_do);
  void rollback() noexcept;
  /// Rolls back what was begun ahead.
  void drop_ahead() noexcept;
  bool has_ended_ahead() noexcept { return next_.has_begun() && connection_->has_ended(); }

  /// In a child the transaction and its connection are its parent's: nothing of it may be sent here.
  void notice_fork() noexcept;
  /// Nobody will commit what is open.
  void close() noexcept;

 private:
  void begin_with(Riders& riders);
  pqxx::result send_first(std::string_view sql, const SqlParams& params, bool read_only);
  void send_begin_alone();
  template <class SendIt>
  pqxx::result send_begin(const SendIt& send_it, bool read_only = false);
  void note_failure(std::string_view sql, const std::exception* error, const std::string& read_only);
  /// Why the transaction takes no writes, if the error says that and no block has asked for it; else empty.
  std::string why_read_only(const std::exception& error, bool read_only) const;

  void send_commit(PendingJobs jobs, bool more_to_do);
  std::vector<const PendingJob*> send_ahead(PendingJobs jobs);
  Riders* next_to_begin(bool more_to_do) const noexcept;  ///< in the message of COMMIT; null: none
  [[noreturn]] void explain_refused(const std::exception& error, PendingJobs jobs);
  void settle_doubt(PendingJobs jobs, int backend, const std::string& reason);
  [[noreturn]] void end_uncommitted();
  void give_back(bool healthy) noexcept;
  void end() noexcept;

  DatabaseCore& core_;
  HeldConnection connection_;
  TransactionState state_;
  NextTransaction next_;
  Riders* riders_ = nullptr;       // of the open transaction; not owned; null: none
  std::optional<LastWords> loss_;  // outlives the transaction
  unsigned forks_;
};

}  // namespace aftercommit::detail
