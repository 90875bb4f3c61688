/// Manual transaction management: with autocommit off a statement begins a transaction, which stays open
/// until commit() or rollback().
#include "aftercommit/error.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

void Session::begin_if_manual() {
  if (!autocommit_ && !server_.state().open()) server_.begin({});
}

void Session::set_autocommit(bool autocommit) {
  check_owner("change autocommit");
  check_outside_block("set_autocommit()");
  if (autocommit && server_.state().open()) {
    throw TransactionManagementError{"cannot turn autocommit on for " + name() +
                                     ": a transaction is open; commit() or rollback() it first"};
  }
  autocommit_ = autocommit;
}

void Session::commit() {
  check_owner("commit");
  check_outside_block("commit()");
  const auto& state = server_.state();
  if (!state.open()) return;
  if (!state.healthy()) {
    const auto failure = state.broken() ? state.failure() : "an atomic block in it could not be rolled back";
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
  if (server_.state().open()) end_by_rollback();
}

void Session::finish_manual_block() {
  if (!end_all(autocommit_)) return;
  throw TransactionManagementError{
      "commit_manually() on " + name() +
      " ended with neither commit() nor rollback() after its last statement: rolled back"};
}

bool Session::end_all(bool autocommit) noexcept {
  notice_abandoned();
  if (test_) {  // whose block stays
    const bool in_code = in_block_of_code();
    if (in_code) leave_failed({server_.connection().transaction(), 2});
    return in_code;
  }
  const bool was_open = server_.state().open();
  blocks_.clear();  // what still has an object is, to that, of a transaction that has ended
  if (was_open) end_by_rollback();
  autocommit_ = autocommit;
  return was_open;
}

void Session::check_outside_block(std::string_view verb) const {
  if (in_atomic_block()) {
    throw TransactionManagementError{
        std::string{verb} + " is forbidden on " + name() +
        " while an atomic block is open: the block commits or rolls back by itself"};
  }
}

}  // namespace aftercommit::detail
