#include "client/job_table/probe.hpp"

#include <utility>

#include "aftercommit/error.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/read_only.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

Probe::Probe(Database& database) : core_{database.core()} {}

void Probe::run() {
  try {
    ask(std::make_shared<Connection>(core_->options, core_->alias));
  } catch (const std::exception&) {
    auto idle = core_->pool.lease_idle();  // where the server has no room for one more, it may serve others
    if (!idle) throw;
    try {
      ask(idle.share());
    } catch (const std::exception&) {
      idle.discard();
      throw;
    }
  }
}

void Probe::ask(std::shared_ptr<Connection> connection) {
  {
    const std::lock_guard lock{mutex_};
    asked_ = connection;
  }
  std::string message = "BEGIN; ";
  connection->append(message, {&core_->statements.guard_job, {literal(JobId::generate().str()), "1"}});
  try {
    connection->exec(message);
  } catch (const std::exception& error) {
    const auto reason = connection->why_read_only(error);
    if (reason.empty()) throw;
    throw DatabaseUnavailable{takes_no_writes(core_->alias, reason)};
  }
  connection->exec("ROLLBACK");
}

void Probe::sever() noexcept {
  const std::lock_guard lock{mutex_};
  if (asked_) asked_->sever();
}

}  // namespace aftercommit::detail
