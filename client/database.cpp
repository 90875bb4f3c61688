#include "aftercommit/database.hpp"

#include <span>

#include "aftercommit/error.hpp"
#include "client/session.hpp"

namespace aftercommit {

using detail::Session;

Database::Database(DatabaseOptions options, std::string alias)
    : core_{std::make_shared<detail::DatabaseCore>(*this, std::move(options), std::move(alias))} {}

Database::~Database() { core_->pool.drop_idle(); }

const std::string& Database::alias() const noexcept { return core_->alias; }
const DatabaseOptions& Database::options() const noexcept { return core_->options; }

pqxx::result Database::exec_params(std::string_view sql, const SqlParams& params) {
  return Session::of(core_).exec(sql, params);
}

void Database::on_commit(std::function<void()> hook, bool robust) {
  Session::of(core_).on_commit(std::move(hook), robust);
}

Transaction& Database::transaction() { return Session::of(core_).transaction(); }

bool Database::in_atomic_block() const noexcept {
  const Session* session = Session::find(*core_);
  return session != nullptr && session->in_atomic_block();
}

SavepointId Database::savepoint() { return Session::of(core_).savepoint(); }
void Database::savepoint_commit(const SavepointId& id) { Session::of(core_).savepoint_commit(id); }
void Database::savepoint_rollback(const SavepointId& id) { Session::of(core_).savepoint_rollback(id); }
bool Database::get_rollback() const { return Session::of(core_).get_rollback(); }
void Database::set_rollback(bool rollback) { Session::of(core_).set_rollback(rollback); }

bool Database::get_autocommit() const noexcept {
  const Session* session = Session::find(*core_);
  return session == nullptr || session->get_autocommit();
}

void Database::set_autocommit(bool autocommit) { Session::of(core_).set_autocommit(autocommit); }
void Database::commit() { Session::of(core_).commit(); }
void Database::rollback() { Session::of(core_).rollback(); }
void Database::finish_manual_block() { Session::of(core_).finish_manual_block(); }
void Database::leave_manual_mode(bool autocommit) noexcept {
  Session::of(core_).leave_manual_mode(autocommit);
}

void Database::check() { core_->pool.lease(); }

// --- Atomic

Atomic::Atomic(Database& database, const AtomicOptions& options) : session_{Session::of(database.core())} {
  session_.enter(options);
  depth_ = session_.depth();
}

Atomic::Atomic(Database& database, detail::Riders& riders) : session_{Session::of(database.core())} {
  session_.enter({.durable = true}, &riders);
  depth_ = session_.depth();
}

Atomic::~Atomic() {
  if (open_) session_.leave_failed();
}

Transaction& Atomic::transaction() const { return session_.transaction(); }

void Atomic::commit() {
  if (!open_) throw UsageError{"this atomic block has been left already"};
  if (session_.depth() != depth_)
    throw UsageError{"cannot commit an atomic block while one inside it is open"};
  open_ = false;
  session_.leave(committed_);
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
