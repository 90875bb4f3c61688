#include "aftercommit/database.hpp"

#include <span>

#include "aftercommit/error.hpp"
#include "base/process/static_storage.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit {

using detail::Session;

Database::Database(DatabaseOptions options, std::string alias)
    : core_{new std::shared_ptr<detail::DatabaseCore>{
          std::make_shared<detail::DatabaseCore>(*this, std::move(options), std::move(alias))}} {}

Database::~Database() {
  core()->pool.drop_idle();
  if (!detail::has_static_storage(this)) delete core_;
}

const std::string& Database::alias() const noexcept { return core()->alias; }
const DatabaseOptions& Database::options() const noexcept { return core()->options; }

pqxx::result Database::exec_params(std::string_view sql, const SqlParams& params) {
  return Session::of(core()).exec(sql, params);
}

void Database::on_commit(std::function<void()> hook, bool robust) {
  Session::of(core()).on_commit(std::move(hook), robust);
}

Transaction& Database::transaction() { return Session::of(core()).transaction(); }

bool Database::in_atomic_block() const noexcept {
  const Session* session = Session::find(*core());
  return session != nullptr && session->in_atomic_block();
}

SavepointId Database::savepoint() { return Session::of(core()).savepoint(); }
void Database::savepoint_commit(const SavepointId& id) { Session::of(core()).savepoint_commit(id); }
void Database::savepoint_rollback(const SavepointId& id) { Session::of(core()).savepoint_rollback(id); }
bool Database::get_rollback() const { return Session::of(core()).get_rollback(); }
void Database::set_rollback(bool rollback) { Session::of(core()).set_rollback(rollback); }

bool Database::get_autocommit() const noexcept {
  const Session* session = Session::find(*core());
  return session == nullptr || session->get_autocommit();
}

void Database::set_autocommit(bool autocommit) { Session::of(core()).set_autocommit(autocommit); }
void Database::commit() { Session::of(core()).commit(); }
void Database::rollback() { Session::of(core()).rollback(); }
void Database::finish_manual_block() { Session::of(core()).finish_manual_block(); }
void Database::leave_manual_mode(bool autocommit) noexcept { Session::of(core()).end_all(autocommit); }

void Database::check() { core()->pool.lease(); }

// --- Atomic

Atomic::Atomic(Database& database, const AtomicOptions& options) : session_{Session::share(database.core())} {
  session_->enter(options);
  id_ = session_->innermost();
}

Atomic::Atomic(Database& database, detail::Riders& riders) : session_{Session::share(database.core())} {
  session_->enter({.durable = true}, &riders);
  id_ = session_->innermost();
}

Atomic::~Atomic() {
  if (!open_) return;
  if (session_->is_of_this_thread()) {
    session_->leave_failed(id_);
  } else {
    session_->abandon(id_);
  }
}

Transaction& Atomic::transaction() const {
  session_->check_thread("use an atomic block");
  return session_->transaction();
}

void Atomic::commit() {
  session_->check_thread("commit an atomic block");
  if (!open_) throw UsageError{"this atomic block has been left already"};
  session_->check_innermost(id_);
  open_ = false;
  session_->leave(committed_);
}

// --- Transaction

pqxx::result Transaction::exec_params(std::string_view sql, const SqlParams& params) {
  session_.check_transaction("run a statement");
  return session_.exec(sql, params);
}

void Transaction::on_commit(std::function<void()> hook, bool robust) {
  session_.check_transaction("call on_commit()");
  session_.on_commit(std::move(hook), robust);
}
SavepointId Transaction::savepoint() { return session_.savepoint(); }
void Transaction::savepoint_commit(const SavepointId& id) { session_.savepoint_commit(id); }
void Transaction::savepoint_rollback(const SavepointId& id) { session_.savepoint_rollback(id); }
bool Transaction::get_rollback() const { return session_.get_rollback(); }
void Transaction::set_rollback(bool rollback) { session_.set_rollback(rollback); }
Database& Transaction::database() const { return session_.database(); }
void Transaction::cancel() noexcept { session_.cancel(); }
void Transaction::sever() noexcept { session_.sever(); }

}  // namespace aftercommit
