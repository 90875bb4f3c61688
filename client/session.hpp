/// One thread's conversation with one database: Django's connection wrapper, as a state machine.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aftercommit/database.hpp"
#include "client/commit_hooks.hpp"
#include "client/connection_pool.hpp"
#include "client/riders.hpp"
#include "client/statements.hpp"

namespace aftercommit::detail {

/// What Database and the sessions of its threads share.
class DatabaseCore {
 public:
  DatabaseCore(Database& owner, DatabaseOptions given, std::string name)
      : database{owner},
        options{std::move(given)},
        alias{std::move(name)},
        statements{options.schema},
        pool{options, alias} {}

  Database& database;  // not owned; valid while a block is open
  const DatabaseOptions options;
  const std::string alias;
  const Statements statements;
  ConnectionPool pool;
};

/// For its own thread; cancel() and sever() apart.  See Database and Transaction for what each verb promises.
class Session {
 public:
  /// The calling thread's session, made at first use.
  static Session& of(const std::shared_ptr<DatabaseCore>& core);
  /// The same, or null where the thread has none yet.
  static Session* find(const DatabaseCore& core) noexcept;

  explicit Session(std::shared_ptr<DatabaseCore> core) : core_{std::move(core)} {}
  ~Session();

  /// `riders` travel with the transaction that this outermost block begins; they outlive it.
  void enter(const AtomicOptions& options, Riders* riders = nullptr);
  /// How many blocks are open: a block may only be left while it is the innermost.
  std::size_t depth() const noexcept { return blocks_.size(); }
  /// Leaves the innermost block because its body returned.  Sets `committed` as soon as the COMMIT of the
  /// outermost block has succeeded, before the hooks, which may throw.
  void leave(std::atomic<bool>& committed);
  /// Leaves the innermost block because its body threw.
  void leave_failed() noexcept;

  pqxx::result exec(std::string_view sql, const SqlParams& params);
  void on_commit(std::function<void()> hook, bool robust);
  void add_job(std::shared_ptr<JobSender> sender, PendingJob job);

  SavepointId savepoint();
  void savepoint_commit(const SavepointId& id);
  void savepoint_rollback(const SavepointId& id);
  bool get_rollback() const;
  void set_rollback(bool rollback);

  bool get_autocommit() const noexcept { return autocommit_; }
  void set_autocommit(bool autocommit);
  void commit();
  void rollback();
  void finish_manual_block();
  void leave_manual_mode(bool autocommit) noexcept;

  bool in_atomic_block() const noexcept { return !blocks_.empty(); }
  /// Whether the open transaction's database has a place for every character of Unicode.
  bool holds_unicode() const noexcept { return !lease_ || lease_->holds_unicode(); }
  bool has_hooks() const noexcept { return !hooks_.empty(); }  ///< or jobs: something waits for the commit
  bool lost() const noexcept { return lost_; }  ///< the connection went away inside the open transaction
  /// Rolls back what was begun for Riders::next, unless its block has been entered.
  void drop_ahead() noexcept;
  Transaction& transaction();
  /// Throws UsageError unless this thread's transaction is what the caller means by the one it was handed.
  void check_transaction(std::string_view verb) const;
  Database& database() const noexcept { return core_->database; }

  // From any thread.
  std::shared_ptr<Connection>
  share_connection() noexcept;  ///< of the open transaction; null where there is none
  void cancel() noexcept;
  void sever() noexcept;

 private:
  struct Block {
    std::optional<std::string> savepoint;  // none: the transaction itself, or merged with the block outside
    bool is_transaction = false;           // this block sent BEGIN and will send COMMIT
    bool read_only = false;                // as it was asked to be
  };
  struct Savepoint {
    std::string name;
    CommitHooks::Mark mark;
  };

  std::string name() const { return "database '" + core_->alias + "'"; }
  bool broken() const noexcept { return !failure_.empty(); }
  void check_thread(std::string_view verb) const;
  void check_usable(std::string_view verb) const;  // that statements may run
  void check_outside_block(std::string_view verb) const;

  /// Sends one statement in the open transaction, and BEGIN before the first; a failure breaks it.
  pqxx::result send(std::string_view sql, const SqlParams& params = {});
  pqxx::result send_first(std::string_view sql, const SqlParams& params);
  void note_failure(std::string_view sql, const std::exception* error);
  bool asked_read_only() const noexcept;
  /// Throws DatabaseUnavailable where the error means that the server takes no writes, and no block asked for
  /// that.
  void check_writable(const std::exception& error) const;
  void begin(const AtomicOptions& options, Riders* riders = nullptr);
  void begin_with(Riders& riders);
  pqxx::result send_begin(const std::function<pqxx::result()>& send_it);
  void send_begin_alone();
  void begin_if_manual();
  void end_by_commit(std::atomic<bool>& committed);
  void send_commit(const std::vector<const PendingJob*>& durable);
  Riders* next_to_begin() const noexcept;  ///< in the message of COMMIT; null: none
  std::string commit_message(const std::vector<const PendingJob*>& durable, const Riders* next) const;
  [[noreturn]] void throw_not_committed(const std::exception& error, bool with_jobs) const;
  void settle_doubt(const std::vector<const PendingJob*>& durable, int backend, const std::string& reason);
  void end_by_rollback() noexcept;
  void forget_transaction() noexcept;
  [[noreturn]] void throw_rolled_back(const std::string& failure) const;

  std::string open_savepoint();
  void release(const std::string& savepoint);
  void roll_back_to(const std::string& savepoint);
  std::vector<Savepoint>::iterator find_savepoint(const std::string& savepoint, std::string_view verb);
  void check_savepoint(const SavepointId& id, std::string_view verb);
  void leave_savepoint(const std::string& savepoint);

  void take_lease();
  void drop_lease(bool healthy) noexcept;

  const std::shared_ptr<DatabaseCore> core_;
  const std::thread::id thread_ = std::this_thread::get_id();
  Transaction transaction_{*this};

  std::mutex lease_mutex_;  // held to change lease_, and by cancel() and sever() to use it from outside
  ConnectionPool::Lease lease_;

  bool autocommit_ = true;
  bool open_ = false;            // begun, neither committed nor rolled back yet
  std::string begin_;            // the BEGIN of the open transaction, until it is sent
  bool needs_rollback_ = false;  // as Django's: set_rollback(true), or a merged block failed
  bool rollback_asked_ = false;  // the first of the two: leaving a broken block is then no surprise
  bool lost_ = false;            // the connection went away inside this transaction
  std::string failure_;          // what broke the transaction, as a clause for messages; empty: healthy
  std::vector<Block> blocks_;    // open atomic blocks, outermost first
  std::vector<Savepoint> savepoints_;
  std::size_t savepoints_made_ = 0;  // in this transaction, for their names
  std::uint64_t transaction_number_ = 1;
  CommitHooks hooks_;
  Riders* riders_ = nullptr;  // not owned; null: none travel with this transaction
  Riders* ahead_ = nullptr;   // not owned; of a transaction that has begun, and whose block has not
  std::chrono::steady_clock::time_point chain_began_at_;  // by a BEGIN that was not sent behind a COMMIT
};

}  // namespace aftercommit::detail
