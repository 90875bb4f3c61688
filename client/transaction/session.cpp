/// What a block, a statement and a hook mean to a session.
#include "client/transaction/session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/fail_point.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/statements/transaction_control.hpp"
#include "client/transaction/interrupt.hpp"

namespace aftercommit::detail {

// --- atomic blocks

void Session::enter(const AtomicOptions& options, Riders* riders) {
  check_owner("open an atomic block");
  Interrupt::check();
  if (options.durable && in_block_of_code()) {
    throw UsageError{"a durable atomic block cannot be nested inside another atomic block (" + name() +
                     "): its commit would not be one"};
  }
  if (autocommit_ && !in_atomic_block()) {
    server_.begin(options, riders);
    blocks_.push_back({.kind = Block::Kind::kTransaction, .read_only = options.read_only});
    return;
  }
  if (is_outermost_of_code()) return enter_under_test(options, riders);
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
  if (!options.savepoint || !server_.state().healthy()) {
    blocks_.push_back({.kind = Block::Kind::kMerged, .read_only = read_only});
    return;
  }
  auto savepoint = open_savepoint();
  if (options.read_only) send("SET TRANSACTION READ ONLY");  // lasts as long as the savepoint
  blocks_.push_back(
      {.kind = Block::Kind::kSavepoint, .savepoint = std::move(savepoint), .read_only = read_only});
}

void Session::check_innermost(const BlockId& block) {
  check_owner("commit an atomic block");
  if (block.transaction != server_.connection().transaction() || block.depth > blocks_.size()) {
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
  if (block.kind == Block::Kind::kMerged) return;  // what is wrong, the block around it has to deal with
  const bool outermost = block.kind == Block::Kind::kTransaction;
  auto& state = server_.state();
  if (state.healthy()) {
    if (outermost) {
      end_by_commit(committed);
      return;
    }
    if (is_outermost_of_code()) return commit_under_test(block.savepoint, committed);
    try {
      release(block.savepoint);
    } catch (const std::exception&) {
      state.mark_failed();  // what the block did is now nobody's but the block's around it
      throw;
    }
    return;
  }
  const auto surprise = state.surprise();
  if (outermost) {
    end_by_rollback();
  } else {
    leave_savepoint(block.savepoint);
  }
  if (surprise.empty()) return;
  throw TransactionManagementError{"the atomic block on " + name() +
                                   " was rolled back although its body returned: " + surprise +
                                   "; let that exception leave the block, or call set_rollback(true)"};
}

void Session::leave_failed(const BlockId& id) noexcept {
  server_.notice_fork();
  notice_abandoned();
  if (id.transaction != server_.connection().transaction() || id.depth > blocks_.size()) {
    return;  // left by one around it
  }
  blocks_.resize(id.depth);
  const Block block = std::move(blocks_.back());
  blocks_.pop_back();
  switch (block.kind) {
    case Block::Kind::kTransaction:
      end_by_rollback();
      break;
    case Block::Kind::kSavepoint:
      give_up_savepoint(block.savepoint);
      break;
    case Block::Kind::kMerged:
      server_.state().mark_failed();
      break;
  }
}

/// A merged block is one with the block around it.
std::size_t Session::level() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      blocks_, [](Block::Kind kind) { return kind != Block::Kind::kMerged; }, &Block::kind));
}

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

// --- statements

pqxx::result Session::exec(std::string_view sql, const SqlParams& params) {
  check_owner("run a statement");
  Interrupt::check();
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
  if (!server_.state().open()) return server_.send_alone(sql, params, leaves_traces);
  check_usable("run a statement");
  server_.connection()->notice(sql, leaves_traces);
  return send(sql, params);
}

pqxx::result Session::send(std::string_view sql, const SqlParams& params) {
  return server_.send(sql, params, in_read_only_block());
}

void Session::check_usable(std::string_view verb) const {
  const auto& state = server_.state();
  if (state.broken()) {
    throw TransactionManagementError{
        "cannot " + std::string{verb} + " on " + name() + ": " + state.failure() +
        (state.lost() ? "; the connection was lost, leave the atomic block"
                      : "; roll back the atomic block, or a savepoint around that statement")};
  }
  if (state.marked()) {
    throw TransactionManagementError{
        "cannot " + std::string{verb} + " on " + name() +
        ": the atomic block is marked to roll back, by set_rollback(true) or by a block "
        "merged with it that failed"};
  }
}

bool Session::get_rollback() {
  check_owner("use the rollback flag");
  if (!in_atomic_block()) {
    throw TransactionManagementError{"the rollback flag of " + name() +
                                     " does not work outside of an atomic block"};
  }
  return !server_.state().healthy();
}

void Session::set_rollback(bool rollback) {
  get_rollback();  // throws outside of a block
  server_.state().ask_rollback(rollback);
}

bool Session::holds_unicode() const noexcept {
  const auto& connection = server_.connection();
  return !connection || connection->holds_unicode();
}

std::string Session::json_literal(const std::string& json) {
  const auto connection = share_connection();
  return connection->quote(holds_unicode() ? json : ascii_json(json));
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

// --- the end of a transaction

void Session::end_by_commit(std::atomic<bool>& committed) {
  fail_point("client.before_commit");
  try {
    if (savepoints_.any_open()) server_.note_open(savepoints_.outermost());
    const auto jobs = hooks_.durable_jobs();
    server_.commit(jobs, has_hooks());
  } catch (...) {
    forget_what_waits();
    throw;
  }
  committed = true;
  run_hooks();
}

void Session::end_by_rollback() noexcept {
  server_.rollback();
  forget_what_waits();
}

void Session::forget_what_waits() noexcept {
  savepoints_.clear();
  hooks_.clear();
}

/// As in autocommit, whatever the mode: no transaction is open any more, and none stays open behind a hook.
void Session::run_hooks() {
  auto hooks = std::exchange(hooks_, {});
  savepoints_.clear();
  fail_point("client.after_commit");
  const bool before = std::exchange(autocommit_, true);
  std::exception_ptr failure;
  try {
    hooks.run();
  } catch (...) {
    failure = std::current_exception();
  }
  const bool left_open = end_all(before);
  if (failure) std::rethrow_exception(failure);
  if (left_open) {
    throw UsageError{"a hook has left a transaction open on " + name() +
                     ": what it had not committed is rolled back; the transaction of the hook is committed"};
  }
}

}  // namespace aftercommit::detail
