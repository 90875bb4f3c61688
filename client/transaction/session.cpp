#include "client/transaction/session.hpp"

#include <algorithm>
#include <pqxx/except>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/postgres/error_text.hpp"
#include "client/statements/transaction_control.hpp"
#include "client/transaction/read_only.hpp"

namespace aftercommit::detail {
namespace {

/// SQL for a message: on one line, and not too long.  Values travel as parameters and are not in it.
std::string shorten(std::string_view sql) {
  constexpr std::size_t kLimit = 120;
  std::string text;
  for (const char c : sql) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (text.empty() || text.back() == ' ')) continue;
    if (text.size() == kLimit) return text + "...";
    text += space ? ' ' : c;
  }
  return text;
}

}  // namespace

// --- atomic blocks

void Session::enter(const AtomicOptions& options, Riders* riders) {
  check_owner("open an atomic block");
  if (options.durable && in_atomic_block()) {
    throw UsageError{"a durable atomic block cannot be nested inside another atomic block (" + name() +
                     "): its commit would not be one"};
  }
  if (autocommit_ && !in_atomic_block()) {
    begin(options, riders);
    blocks_.push_back({.savepoint = {}, .is_transaction = true, .read_only = options.read_only});
    return;
  }
  if (options.durable) {
    throw UsageError{"a durable atomic block cannot be opened on " + name() +
                     " in manual transaction management: only commit() would commit it; turn autocommit on "
                     "first"};
  }
  if (options.isolation != Isolation::kDefault) {
    throw UsageError{"the isolation level can be set on the outermost atomic block only (" + name() + ")"};
  }
  if (!options.savepoint && !in_atomic_block()) {
    throw TransactionManagementError{
        "the outermost atomic block cannot use savepoint = false when autocommit is off (" + name() + ")"};
  }
  if (!options.savepoint && options.read_only) {
    throw UsageError{"a nested read-only atomic block needs its savepoint (" + name() + ")"};
  }
  begin_if_manual();
  const bool read_only = options.read_only || in_read_only_block();
  if (!options.savepoint || needs_rollback_ || broken()) {
    blocks_.push_back({.savepoint = {}, .is_transaction = false, .read_only = read_only});
    return;
  }
  auto savepoint = open_savepoint();
  if (options.read_only) send("SET TRANSACTION READ ONLY");  // lasts as long as the savepoint
  blocks_.push_back({.savepoint = std::move(savepoint), .is_transaction = false, .read_only = read_only});
}

void Session::check_innermost(const BlockId& block) {
  check_owner("commit an atomic block");
  if (block.transaction != transaction_number_ || block.depth > blocks_.size()) {
    throw UsageError{"cannot commit an atomic block on " + name() +
                     ": it was rolled back with the block around it, which has been left"};
  }
  if (block.depth < blocks_.size()) {
    throw UsageError{"cannot commit an atomic block on " + name() + " while one inside it is open"};
  }
}

void Session::leave(std::atomic<bool>& committed) {
  const Block block = std::move(blocks_.back());
  blocks_.pop_back();
  const bool healthy = !broken() && !needs_rollback_;
  const bool surprise = !healthy && !rollback_asked_;
  const std::string failure = !surprise  ? std::string{}
                              : broken() ? failure_
                                         : "a block merged with it (savepoint = false) failed, whose "
                                           "exception was swallowed";

  if (block.is_transaction) {
    if (healthy) {
      end_by_commit(committed);
      return;
    }
    end_by_rollback();
  } else if (block.savepoint) {
    if (healthy) {
      try {
        release(*block.savepoint);
      } catch (const std::exception&) {
        needs_rollback_ = true;  // what the block did is now nobody's but the block's around it
        throw;
      }
      return;
    }
    leave_savepoint(*block.savepoint);
  } else {
    return;  // merged: whatever is wrong, the block around it has to deal with it
  }
  if (surprise) throw_rolled_back(failure);
}

void Session::leave_failed(const BlockId& id) noexcept {
  notice_fork();
  notice_abandoned();
  if (id.transaction != transaction_number_ || id.depth > blocks_.size()) return;  // left by one around it
  blocks_.resize(id.depth);
  const Block block = std::move(blocks_.back());
  blocks_.pop_back();
  if (block.is_transaction) {
    end_by_rollback();
  } else if (block.savepoint) {
    try {
      leave_savepoint(*block.savepoint);
    } catch (const std::exception&) {
      // As in Django: the body's own exception goes on, and the next savepoint outside has to roll back.
      needs_rollback_ = true;
    }
  } else {
    needs_rollback_ = true;
  }
}

void Session::leave_savepoint(const std::string& savepoint) {
  needs_rollback_ = false;
  rollback_asked_ = false;
  if (lost_) return;  // the server rolls everything back; the outermost block tells
  roll_back_to(savepoint);
  release(savepoint);
}

// --- statements

pqxx::result Session::exec(std::string_view sql, const SqlParams& params) {
  check_owner("run a statement");
  bool leaves_traces = false;
  if (const auto keyword = transaction_control_in(sql, &leaves_traces); !keyword.empty()) {
    throw UsageError{"cannot run " + keyword + " as a statement on " + name() + ": " +
                     (keyword == "COPY"
                          ? "rows to and from the client go by INSERT and SELECT"
                          : "use atomic(), savepoint() or, outside blocks, commit() and rollback()")};
  }
  if (sql.find('\0') != std::string_view::npos) {
    throw UsageError{"a statement for " + name() +
                     " holds a NUL byte, where PostgreSQL would take it to end"};
  }
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (params[i] && params[i]->find('\0') != std::string::npos) {
      throw UsageError{"parameter $" + std::to_string(i + 1) +
                       " holds a NUL byte, which PostgreSQL's text cannot"};
    }
  }
  begin_if_manual();
  if (open_) {
    check_usable("run a statement");
    lease_->notice(sql, leaves_traces);
    return send(sql, params);
  }
  drop_ahead();  // this statement may want what that one holds
  forget_loss();
  auto lease = core_->pool.lease();
  try {
    lease->notice(sql, leaves_traces);
    return lease->exec(sql, params);
  } catch (const std::exception& error) {
    const auto reason = lease->why_read_only(error);
    const bool lost = lease->lost(&error);
    if (lost) loss_ = lease->last_words();
    if (!reason.empty() || lost) lease.discard();
    if (!reason.empty()) throw_read_only(*core_, reason);
    throw;
  }
}

pqxx::result Session::send(std::string_view sql, const SqlParams& params) {
  try {
    return begin_.empty() ? lease_->exec(sql, params) : send_first(sql, params);
  } catch (const std::exception& error) {
    const auto read_only = why_read_only(error);
    note_failure(sql, &error);
    if (!read_only.empty()) throw_read_only(*core_, read_only);
    throw;
  } catch (...) {
    note_failure(sql, nullptr);
    throw;
  }
}

std::string Session::why_read_only(const std::exception& error) const {
  return !lease_ || in_read_only_block() ? std::string{} : lease_->why_read_only(error);
}

void Session::note_failure(std::string_view sql, const std::exception* error) {
  const bool unavailable = dynamic_cast<const DatabaseUnavailable*>(error) != nullptr;
  const auto read_only = error != nullptr ? why_read_only(*error) : std::string{};
  if (unavailable || !read_only.empty()) {
    lost_ = true;
  } else if (!lost_ && lease_->lost(error)) {
    lost_ = true;
    loss_ = lease_->last_words();
  }
  failure_ = "statement '" + shorten(sql) + "' failed: " +
             (!read_only.empty() ? "the database takes no writes, " + read_only
              : error != nullptr ? first_line(*error)
                                 : "unknown error");
}

// --- hooks and jobs

void Session::on_commit(std::function<void()> hook, bool robust) {
  check_owner("call on_commit()");
  if (!hook) throw UsageError{"cannot call on_commit() on " + name() + " with an empty function"};
  if (in_atomic_block()) {
    hooks_.add_hook(std::move(hook), robust);
    return;
  }
  if (!autocommit_) {
    throw TransactionManagementError{"cannot call on_commit() on " + name() +
                                     " in manual transaction management: open an atomic block"};
  }
  CommitHooks at_once;
  at_once.add_hook(std::move(hook), robust);
  at_once.run();
}

void Session::add_job(std::shared_ptr<JobSender> sender, PendingJob job) {
  check_owner("enqueue a job");
  hooks_.add_job(std::move(sender), std::move(job));
}

// --- savepoints

SavepointId Session::savepoint() {
  check_owner("open a savepoint");
  begin_if_manual();
  if (!open_)
    throw TransactionManagementError{"cannot open a savepoint on " + name() + ": no transaction is open"};
  check_usable("open a savepoint");
  return {open_savepoint(), transaction_number_};
}

void Session::savepoint_commit(const SavepointId& id) {
  check_owner("release a savepoint");
  check_savepoint(id, "release");
  check_usable("release a savepoint");
  release(id.name);
}

void Session::savepoint_rollback(const SavepointId& id) {
  check_owner("roll back a savepoint");
  check_savepoint(id, "roll back");
  if (lost_) check_usable("roll back a savepoint");
  roll_back_to(id.name);
}

void Session::check_savepoint(const SavepointId& id, std::string_view verb) {
  const auto found =
      find_savepoint(id.transaction == transaction_number_ ? id.name : "of another transaction", verb);
  if (found->level == level()) return;
  // The server would end the savepoints of the blocks inside with it, which are still to be left.
  throw UsageError{"cannot " + std::string{verb} + " savepoint '" + id.name + "' on " + name() +
                   " in an atomic block inside the one that it was opened in: leave that block first"};
}

/// A merged block is one with the block around it.
std::size_t Session::level() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      blocks_, [](const Block& block) { return block.is_transaction || block.savepoint.has_value(); }));
}

std::string Session::open_savepoint() {
  auto savepoint = "s" + std::to_string(++savepoints_made_);
  send("SAVEPOINT " + savepoint);
  savepoints_.push_back({savepoint, hooks_.mark(), level()});
  return savepoint;
}

void Session::release(const std::string& savepoint) {
  const auto found = find_savepoint(savepoint, "release");
  send("RELEASE SAVEPOINT " + savepoint);
  savepoints_.erase(found, savepoints_.end());
}

void Session::roll_back_to(const std::string& savepoint) {
  const auto found = find_savepoint(savepoint, "roll back");
  send("ROLLBACK TO SAVEPOINT " + savepoint);
  failure_.clear();
  hooks_.drop_since(found->mark);
  savepoints_.erase(found + 1, savepoints_.end());
}

std::vector<Session::Savepoint>::iterator Session::find_savepoint(const std::string& savepoint,
                                                                  std::string_view verb) {
  const auto found = std::ranges::find(savepoints_, savepoint, &Savepoint::name);
  if (found == savepoints_.end()) {
    throw UsageError{"cannot " + std::string{verb} + " savepoint '" + savepoint + "' on " + name() +
                     ": it does not exist, or was released or rolled back with one around it"};
  }
  return found;
}

bool Session::get_rollback() {
  check_owner("use the rollback flag");
  if (!in_atomic_block()) {
    throw TransactionManagementError{"the rollback flag of " + name() +
                                     " does not work outside of an atomic block"};
  }
  return needs_rollback_ || broken();
}

void Session::set_rollback(bool rollback) {
  get_rollback();  // throws outside of a block
  needs_rollback_ = rollback_asked_ = rollback;
}

// --- manual management

void Session::set_autocommit(bool autocommit) {
  check_owner("change autocommit");
  check_outside_block("set_autocommit()");
  if (autocommit && open_) {
    throw TransactionManagementError{"cannot turn autocommit on for " + name() +
                                     ": a transaction is open; commit() or rollback() it first"};
  }
  autocommit_ = autocommit;
}

void Session::commit() {
  check_owner("commit");
  check_outside_block("commit()");
  if (!open_) return;
  if (broken() || needs_rollback_) {
    const std::string failure = broken() ? failure_ : "an atomic block in it could not be rolled back";
    end_by_rollback();
    throw TransactionManagementError{"cannot commit on " + name() + ": " + failure +
                                     "; the transaction was rolled back"};
  }
  std::atomic<bool> committed{false};
  end_by_commit(committed);
}

void Session::rollback() {
  notice_abandoned();
  check_outside_block("rollback()");
  if (open_) end_by_rollback();
}

void Session::finish_manual_block() {
  if (!open_) return;
  end_by_rollback();
  throw TransactionManagementError{
      "commit_manually() on " + name() +
      " ended with neither commit() nor rollback() after its last statement: rolled back"};
}

void Session::leave_manual_mode(bool autocommit) noexcept {
  notice_abandoned();
  if (in_atomic_block()) return;
  if (open_) end_by_rollback();
  autocommit_ = autocommit;
}

bool Session::end_all() noexcept {
  notice_abandoned();
  const bool was_open = open_ || in_atomic_block();
  blocks_.clear();  // what still has an object is, to that, of a transaction that has ended
  if (was_open) end_by_rollback();
  autocommit_ = true;
  return was_open;
}

// --- checks

Transaction& Session::transaction() {
  if (!in_atomic_block() && autocommit_) {
    throw TransactionManagementError{"no transaction is open on " + name() +
                                     " in this thread: open an atomic block"};
  }
  return transaction_;
}

void Session::check_transaction(std::string_view verb) {
  check_owner(verb);
  if (!in_atomic_block() && autocommit_) {
    throw UsageError{"cannot " + std::string{verb} + " on " + name() +
                     ": the atomic block of this transaction has been left"};
  }
}

void Session::check_usable(std::string_view verb) const {
  if (broken()) {
    throw TransactionManagementError{
        "cannot " + std::string{verb} + " on " + name() + ": " + failure_ +
        (lost_ ? "; the connection was lost, leave the atomic block"
               : "; roll back the atomic block, or a savepoint around that statement")};
  }
  if (needs_rollback_) {
    throw TransactionManagementError{
        "cannot " + std::string{verb} + " on " + name() +
        ": the atomic block is marked to roll back, by set_rollback(true) or by a block "
        "merged with it that failed"};
  }
}

void Session::check_outside_block(std::string_view verb) const {
  if (in_atomic_block()) {
    throw TransactionManagementError{
        std::string{verb} + " is forbidden on " + name() +
        " while an atomic block is open: the block commits or rolls back by itself"};
  }
}

// --- the connection

void Session::take_lease() {
  auto lease = core_->pool.lease();
  const std::lock_guard lock{lease_mutex_};
  lease_ = std::move(lease);
}

void Session::drop_lease(bool healthy) noexcept {
  if (forked_) {
    lease_.leave_to_parent();
    return;
  }
  ConnectionPool::Lease given_back;  // without the lock: cleaning it up asks the server
  const std::lock_guard lock{lease_mutex_};
  if (!healthy) lease_.discard();
  given_back = std::move(lease_);
}

std::shared_ptr<Connection> Session::share_connection() noexcept {
  const std::lock_guard lock{lease_mutex_};
  return lease_.share();
}

void Session::cancel() noexcept {
  // Without the lock: the server may take long to answer, or for ever when it is frozen.
  if (const auto connection = share_connection()) connection->cancel();
}

void Session::sever() noexcept {
  const std::lock_guard lock{lease_mutex_};
  if (lease_) lease_->sever();
}

}  // namespace aftercommit::detail
