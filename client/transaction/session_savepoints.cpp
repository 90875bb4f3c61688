/// Savepoints of a session: those of its blocks, and those by hand.
#include <utility>

#include "aftercommit/error.hpp"
#include "client/transaction/interrupt.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

SavepointId Session::savepoint() {
  check_owner("open a savepoint");
  Interrupt::check();
  begin_if_manual();
  if (!server_.state().open())
    throw TransactionManagementError{"cannot open a savepoint on " + name() + ": no transaction is open"};
  check_usable("open a savepoint");
  return {open_savepoint(), server_.connection().transaction()};
}

void Session::savepoint_commit(const SavepointId& id) {
  check_owner("release a savepoint");
  find_own(id, "release");
  check_usable("release a savepoint");
  release(id.name);
}

void Session::savepoint_rollback(const SavepointId& id) {
  check_owner("roll back a savepoint");
  find_own(id, "roll back");
  if (lost()) check_usable("roll back a savepoint");
  roll_back_to(id.name);
}

Savepoints::Place Session::find_own(const SavepointId& id, std::string_view verb) const {
  return savepoints_.find_own(id, server_.connection().transaction(), level(), verb);
}

std::string Session::open_savepoint() {
  auto savepoint = savepoints_.next_name();
  send("SAVEPOINT " + savepoint);
  savepoints_.opened(savepoint, level());
  return savepoint;
}

void Session::release(std::string_view savepoint, bool may_hold_writes) {
  const auto place = savepoints_.find(savepoint, "release");
  std::string message;
  if (may_hold_writes && !in_read_only_block()) message = server_.before_release();
  send(message + "RELEASE SAVEPOINT " + savepoints_.name(place));
  savepoints_.released(place);
}

void Session::roll_back_to(std::string_view savepoint) {
  const auto place = savepoints_.find(savepoint, "roll back");
  send("ROLLBACK TO SAVEPOINT " + savepoints_.name(place));
  server_.state().heal();
  savepoints_.rolled_back(place);
}

void Session::leave_savepoint(std::string_view savepoint) {
  server_.state().ask_rollback(false);
  if (lost()) return;  // the server rolls everything back; the outermost block tells
  roll_back_to(savepoint);
  release(savepoint, false);
}

/// As in Django: the body's own exception goes on, and the next savepoint outside has to roll back.
void Session::give_up_savepoint(std::string_view savepoint) noexcept {
  try {
    leave_savepoint(savepoint);
  } catch (const std::exception&) {
    server_.state().mark_failed();
  }
}

}  // namespace aftercommit::detail
