/// One thread's conversation with one database: Django's connection wrapper, as a state machine.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aftercommit/database.hpp"
#include "client/postgres/connection_pool.hpp"
#include "client/postgres/last_words.hpp"
#include "client/statements/riders.hpp"
#include "client/statements/statements.hpp"
#include "client/transaction/commit_hooks.hpp"

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

/// For its own thread and process, where nothing else is said.  Owned by its thread, and by the blocks that
/// were opened there.  See Database and Transaction for what each verb promises.
class Session {
 public:
  /// The calling thread's session, made at first use.
  static const std::shared_ptr<Session>& share(const std::shared_ptr<DatabaseCore>& core);
  static Session& of(const std::shared_ptr<DatabaseCore>& core) { return *share(core); }
  /// The same, or null where the thread has none yet.
  static Session* find(const DatabaseCore& core) noexcept;

  explicit Session(std::shared_ptr<DatabaseCore> core);
  ~Session();

  /// `riders` travel with the transaction that this outermost block begins; they outlive it.
  void enter(const AtomicOptions& options, Riders* riders = nullptr);
  BlockId innermost() const noexcept { return {transaction_number_, blocks_.size()}; }
  /// Throws UsageError unless `block` is the innermost, in its own thread and process.
  void check_innermost(const BlockId& block);
  /// Leaves the innermost block because its body returned.  Sets `committed` as soon as the COMMIT of the
  /// outermost block has succeeded, before the hooks, which may throw.
  void leave(std::atomic<bool>& committed);
  /// Leaves a block because its body threw, if it is still open, and those that are open inside it.
  void leave_failed(const BlockId& block) noexcept;

  pqxx::result exec(std::string_view sql, const SqlParams& params);
  void on_commit(std::function<void()> hook, bool robust);
  void add_job(std::shared_ptr<JobSender> sender, PendingJob job);

  SavepointId savepoint();
  void savepoint_commit(const SavepointId& id);
  void savepoint_rollback(const SavepointId& id);
  bool get_rollback();
  void set_rollback(bool rollback);

  bool get_autocommit() const noexcept { return autocommit_; }
  void set_autocommit(bool autocommit);
  void commit();
  void rollback();
  void finish_manual_block();
  void leave_manual_mode(bool autocommit) noexcept;
  /// For a thread that goes on with something else: back in autocommit, all that is open rolled back, blocks
  /// whose objects still live included.  True if anything was.
  bool end_all() noexcept;

  bool in_atomic_block() const noexcept { return !blocks_.empty(); }
  bool in_read_only_block() const noexcept { return in_atomic_block() && blocks_.back().read_only; }
  /// Whether the open transaction's database has a place for every character of Unicode.
  bool holds_unicode() const noexcept { return !lease_ || lease_->holds_unicode(); }
  bool has_hooks() const noexcept { return !hooks_.empty(); }  ///< or jobs: something waits for the commit
  bool lost() const noexcept { return lost_; }  ///< the connection went away inside the open transaction
  /// The server's last words, empty ones included, where the latest transaction or statement here has lost
  /// its session, in its commit or before.
  const std::optional<LastWords>& loss() const noexcept { return loss_; }
  void forget_loss() noexcept { loss_.reset(); }
  /// Rolls back what was begun for Riders::next, unless its block has been entered.
  void drop_ahead() noexcept;
  Transaction& transaction();
  /// Throws UsageError unless this thread's transaction is what the caller means by the one it was handed.
  void check_transaction(std::string_view verb);
  Database& database() const noexcept { return core_->database; }

  // From any thread.
  std::shared_ptr<Connection>
  share_connection() noexcept;  ///< of the open transaction; null where there is none
  void cancel() noexcept;
  void sever() noexcept;
  bool is_of_this_thread() const noexcept;
  void check_thread(std::string_view verb) const;  ///< UsageError on any other than its own
  /// Someone else than its thread has destroyed this block: its connection is cut, and the thread will hear.
  void abandon(const BlockId& block) noexcept;

  /// For its thread's end: what is open then nobody will commit.
  void end_of_thread() noexcept;

 private:
  struct Block {
    std::optional<std::string> savepoint;  // none: the transaction itself, or merged with the block outside
    bool is_transaction = false;           // this block sent BEGIN and will send COMMIT
    bool read_only = false;                // as it was asked to be, or one around it
  };
  struct Savepoint {
    std::string name;
    CommitHooks::Mark mark;
    std::size_t level;  // of those that a rollback ends: its block's
  };

  static constexpr const char* kAbandoned =
      "an atomic block was destroyed in another thread than the one that opened it";
  static constexpr const char* kForked = "this process was forked inside the transaction of its parent";

  static std::uint64_t first_transaction_number() noexcept;
  std::string name() const { return "database '" + core_->alias + "'"; }
  bool broken() const noexcept { return !failure_.empty(); }
  std::size_t level() const noexcept;
  void check_owner(std::string_view verb);  // UsageError unless thread and process are its own
  bool notice_abandoned() noexcept;
  void notice_fork() noexcept;
  void lose(std::string_view why) noexcept;
  void check_usable(std::string_view verb) const;  // that statements may run
  void check_outside_block(std::string_view verb) const;

  /// Sends one statement in the open transaction, and BEGIN before the first; a failure breaks it.
  pqxx::result send(std::string_view sql, const SqlParams& params = {});
  pqxx::result send_first(std::string_view sql, const SqlParams& params);
  void note_failure(std::string_view sql, const std::exception* error);
  /// Why the open transaction takes no writes, if the error says that and no block has asked for it; else
  /// empty.
  std::string why_read_only(const std::exception& error) const;
  void begin(const AtomicOptions& options, Riders* riders = nullptr);
  void begin_with(Riders& riders);
  pqxx::result send_begin(const std::function<pqxx::result()>& send_it);
  void send_begin_alone();
  void begin_if_manual();
  void end_by_commit(std::atomic<bool>& committed);
  void send_commit(const std::vector<const PendingJob*>& durable);
  Riders* next_to_begin() const noexcept;  ///< in the message of COMMIT; null: none
  std::string commit_message(const std::vector<const PendingJob*>& durable, const Riders* next) const;
  [[noreturn]] void throw_not_kept(const std::exception& error, const std::string& jobs) const;
  [[noreturn]] void end_uncommitted();
  void settle_doubt(const std::vector<const PendingJob*>& durable, int backend, const std::string& reason);
  void run_hooks();
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

  std::mutex lease_mutex_;  // held to change lease_, and to use it from outside
  ConnectionPool::Lease lease_;
  std::atomic<std::size_t> abandoned_{0};  // changed with it held: the outermost such block, counted from 1
  std::atomic<bool> ended_{false};         // the thread has

  bool autocommit_ = true;
  bool open_ = false;            // begun, neither committed nor rolled back yet
  std::string begin_;            // the BEGIN of the open transaction, until it is sent
  bool needs_rollback_ = false;  // as Django's: set_rollback(true), or a merged block failed
  bool rollback_asked_ = false;  // the first of the two: leaving a broken block is then no surprise
  bool lost_ = false;            // the connection went away inside this transaction, or is not ours
  bool forked_ = false;          // the latter
  unsigned forks_;
  std::optional<LastWords> loss_;  // outlives the transaction
  std::string failure_;            // what broke the transaction, as a clause for messages; empty: healthy
  std::vector<Block> blocks_;      // open atomic blocks, outermost first
  std::vector<Savepoint> savepoints_;
  std::size_t savepoints_made_ = 0;  // in this transaction, for their names
  std::atomic<std::uint64_t> transaction_number_{first_transaction_number()};  // read by abandon()
  CommitHooks hooks_;
  Riders* riders_ = nullptr;  // not owned; null: none travel with this transaction
  Riders* ahead_ = nullptr;   // not owned; of a transaction that has begun, and whose block has not
  std::chrono::steady_clock::time_point chain_began_at_;  // by a BEGIN that was not sent behind a COMMIT
};

}  // namespace aftercommit::detail
