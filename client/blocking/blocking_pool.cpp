#include "aftercommit/blocking_pool.hpp"

#include <pqxx/except>
#include <string>
#include <thread>
#include <utility>

#include "client/blocking/pool_core.hpp"

namespace aftercommit {
namespace detail {
namespace {

constexpr const char* kQueryCanceled = "57014";

BlockingPoolOptions filled_in(BlockingPoolOptions options, const Database& database) {
  if (options.threads == 0) options.threads = database.options().pool_size;
  if (options.threads == 0) {
    throw UsageError{
        "cannot make a BlockingPool of database '" + database.alias() +
        "' without threads: neither `threads` nor the `pool_size` of the database says how many"};
  }
  return options;
}

}  // namespace

std::shared_ptr<PoolEntry> PoolEntry::make(std::shared_ptr<PoolCore> core, const std::stop_token& stop) {
  auto made = std::make_shared<PoolEntry>(std::move(core));
  if (stop.stop_possible()) {
    made->stop_.emplace(stop, [entry = std::weak_ptr{made}] {
      if (const auto asked = entry.lock()) asked->core()->cancel(asked);
    });
  }
  return made;
}

void PoolTicket::cancel() const noexcept { entry_->core()->cancel(entry_); }

void work_waits_to_commit() noexcept {
  if (auto* const thread = PoolThread::current()) thread->entry()->core()->wait_to_commit(*thread);
}

void begin_commit_of_work() {
  if (auto* const thread = PoolThread::current()) thread->entry()->core()->begin_commit(*thread);
}

std::exception_ptr ending_of_work(std::exception_ptr thrown) noexcept {
  auto* const thread = PoolThread::current();
  if (thread == nullptr) return thrown;
  const auto& entry = thread->entry();
  const auto [cancelled, rolled_back] = entry->core()->was_cancelled(*thread);
  if (!cancelled) return thrown;
  try {
    std::rethrow_exception(thrown);
  } catch (const pqxx::sql_error& error) {
    if (error.sqlstate() == kQueryCanceled) return entry->work->cancelled(false);
  } catch (const pqxx::broken_connection&) {
    if (rolled_back) return entry->work->cancelled(false);
  } catch (const DatabaseUnavailable&) {
    if (rolled_back) return entry->work->cancelled(false);
  } catch (...) {
    // An error of its own.
  }
  return thrown;
}

}  // namespace detail

BlockingPool::BlockingPool(const Database& database, const BlockingPoolOptions& options)
    : core_{std::make_shared<detail::PoolCore>(detail::filled_in(options, database),
                                               "database '" + database.alias() + "'")} {}

BlockingPool::~BlockingPool() {
  if (core_->is_of_this_process() && core_->is_of_this_thread()) {
    // What a body held was the last to hold it: the thread cannot wait for itself.
    std::thread{[core = core_] { core->stop(); }}.detach();
  } else if (core_->is_of_this_process()) {
    core_->stop();
  } else {
    // Its threads are the parent's, and so are locks that they may have held at the fork: left as it is.
    static_cast<void>(new std::shared_ptr{core_});
  }
}

void BlockingPool::stop() {
  if (!core_->is_of_this_process()) return;
  if (core_->is_of_this_thread()) {
    throw UsageError{"cannot stop a BlockingPool in one of its own threads, which would wait for itself"};
  }
  core_->stop();
}

std::size_t BlockingPool::threads() const noexcept { return core_->options().threads; }
std::size_t BlockingPool::waiting() const noexcept { return core_->waiting(); }
std::size_t BlockingPool::running() const noexcept { return core_->running(); }

detail::PoolTicket BlockingPool::ticket(const std::stop_token& stop) const {
  return detail::PoolTicket{detail::PoolEntry::make(core_, stop)};
}

void BlockingPool::submit(const detail::PoolTicket& ticket, std::unique_ptr<detail::PoolWork> work) {
  core_->submit(ticket.entry_, std::move(work));
}

}  // namespace aftercommit
