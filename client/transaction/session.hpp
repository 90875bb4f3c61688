/// One thread's conversation with one database: Django's connection wrapper.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aftercommit/database.hpp"
#include "client/postgres/last_words.hpp"
#include "client/statements/riders.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/savepoints.hpp"
#include "client/transaction/server_transaction.hpp"

namespace aftercommit::detail {

/// Blocks, savepoints, hooks and manual mode, over a transaction of the server.  For its own thread and
/// process, where nothing else is said.  Owned by its thread, and by the blocks that were opened there.  See
/// Database and Transaction for what each verb promises.
class Session {
 public:
  /// The calling thread's session, made at first use.
  static const std::shared_ptr<Session>& share(const std::shared_ptr<DatabaseCore>& core);
  static Session& of(const std::shared_ptr<DatabaseCore>& core) { return *share(core); }
  /// The same, or null where the thread has none yet.
  static Session* find(const DatabaseCore& core) noexcept;

  /// end_all() for all that the calling thread has.
  static void end_all_of_this_thread() noexcept;

  explicit Session(std::shared_ptr<DatabaseCore> core);

  /// `riders` travel with the transaction that this outermost block begins; they outlive it.
  void enter(const AtomicOptions& options, Riders* riders = nullptr);
  BlockId innermost() const noexcept { return {server_.connection().transaction(), blocks_.size()}; }
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
  /// The job of this id that waits for the commit, if it does; as CommitHooks.
  const PendingJob* find_job(const JobId& id) const { return hooks_.find_job(id); }
  void cancel_job(const JobId& id) { hooks_.cancel_job(id); }

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
  /// For a thread that goes on with something else, in this mode: all that is open is rolled back, blocks
  /// whose objects still live included.  True if anything was.
  bool end_all(bool autocommit = true) noexcept;

  bool in_atomic_block() const noexcept { return !blocks_.empty(); }
  bool in_read_only_block() const noexcept { return in_atomic_block() && blocks_.back().read_only; }
  /// Whether the open transaction's database has a place for every character of Unicode.
  bool holds_unicode() const noexcept;
  /// JSON as a literal of SQL for the open transaction, in what the encoding of its database can hold.
  std::string json_literal(const std::string& json);
  bool has_hooks() const noexcept { return !hooks_.empty(); }  ///< or jobs: something waits for the commit
  /// The connection went away inside the open transaction.
  bool lost() const noexcept { return server_.state().lost(); }
  /// See ServerTransaction.
  const std::optional<LastWords>& loss() const noexcept { return server_.loss(); }
  void forget_loss() noexcept { server_.forget_loss(); }
  /// Rolls back what was begun for Riders::next, unless its block has been entered.
  void drop_ahead() noexcept { server_.drop_ahead(); }
  /// Whether one was begun ahead, and the server has ended its session since, as far as is known.
  bool has_ended_ahead() noexcept { return server_.has_ended_ahead(); }
  Transaction& transaction();
  /// Throws UsageError unless this thread's transaction is what the caller means by the one it was handed.
  void check_transaction(std::string_view verb);
  Database& database() const noexcept { return core_->database; }

  // --- Under the test of an application, in whose block all that the code opens is rolled back in the end.

  /// The block that is open now, the only one, is a test's.  Those right inside it are taken for outermost
  /// ones by all who open them: they may be `durable`, have riders, and "commit" by the release of their
  /// savepoint.  What waits for a commit waits on, until the test takes it.  `committed`: called after each
  /// of these commits; what it throws reaches who has left the block, as what a hook throws.
  void begin_test(std::function<void()> committed);
  void end_test() noexcept { test_.reset(); }
  bool under_test() const noexcept { return test_.has_value(); }
  /// A block of the code is open, and not only its test's.
  bool in_block_of_code() const noexcept { return blocks_.size() > (test_ ? 1U : 0U); }
  /// Jobs have been asked for: where no block of the code is open around that, it has "committed" them.
  void has_asked() {
    if (test_ && !in_block_of_code() && test_->committed) test_->committed();
  }
  const CommitHooks& waiting() const noexcept { return hooks_; }
  CommitHooks take_waiting(CommitHooks::Mark since) { return hooks_.take_since(since); }
  /// Makes rows of durable jobs that have none, in the test's transaction.
  void write_rows(const std::vector<const PendingJob*>& jobs);
  /// Throws what a deferred constraint has to say of the test's transaction, which is broken then.
  void check_constraints();

  // From any thread; see HeldConnection.
  std::shared_ptr<Connection> share_connection() noexcept { return server_.connection().share(); }
  void cancel() noexcept { server_.connection().cancel(); }
  void sever() noexcept { server_.connection().sever(); }
  void abandon(const BlockId& block) noexcept { server_.connection().abandon(block); }
  bool is_of_this_thread() const noexcept;
  void check_thread(std::string_view verb) const;  ///< UsageError on any other than its own

  /// For its thread's end: what is open then nobody will commit.
  void end_of_thread() noexcept;

 private:
  struct Block {
    enum class Kind : std::uint8_t {
      kTransaction,  ///< has begun it, and will commit it
      kSavepoint,
      kMerged,  ///< with the block outside
    };
    Kind kind = Kind::kMerged;
    std::string savepoint{};  // of that kind
    bool read_only = false;   // as it was asked to be, or one around it
  };

  struct Test {
    std::function<void()> committed;
    Riders* riders = nullptr;  // of the block right inside; not owned
  };

  static constexpr const char* kAbandoned =
      "an atomic block was destroyed in another thread than the one that opened it";

  std::string name() const { return core_->name(); }
  std::size_t level() const noexcept;
  void check_owner(std::string_view verb);  // UsageError unless thread and process are its own
  bool notice_abandoned() noexcept;
  void check_usable(std::string_view verb) const;  // that statements may run
  void check_outside_block(std::string_view verb) const;

  /// One statement in the open transaction.
  pqxx::result send(std::string_view sql, const SqlParams& params = {});
  void begin_if_manual();
  void end_by_commit(std::atomic<bool>& committed);
  void end_by_rollback() noexcept;
  void forget_what_waits() noexcept;
  void run_hooks();

  bool is_outermost_of_code() const noexcept { return test_ && blocks_.size() == 1; }
  void enter_under_test(const AtomicOptions& options, Riders* riders);
  void commit_under_test(const std::string& savepoint, std::atomic<bool>& committed);
  void give_up_savepoint(std::string_view savepoint) noexcept;

  std::string open_savepoint();
  /// `may_hold_writes`: it was not just rolled back.
  void release(std::string_view savepoint, bool may_hold_writes = true);
  void roll_back_to(std::string_view savepoint);
  Savepoints::Place find_own(const SavepointId& id, std::string_view verb) const;
  void leave_savepoint(std::string_view savepoint);

  const std::shared_ptr<DatabaseCore> core_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::atomic<bool> ended_{false};  // the thread has
  Transaction transaction_{*this};

  ServerTransaction server_;
  bool autocommit_ = true;
  std::vector<Block> blocks_;  // the open ones, outermost first
  CommitHooks hooks_;
  Savepoints savepoints_;
  std::optional<Test> test_{};
};

}  // namespace aftercommit::detail
