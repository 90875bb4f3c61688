#include "client/postgres/connection_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"

namespace aftercommit::detail {
namespace {

/// What a clock cannot add, and libpq cannot read, must not become no wait or an endless one.
DatabaseOptions bounded(DatabaseOptions options) {
  options.pool_timeout = bounded_timeout(options.pool_timeout);
  options.connect_timeout = std::clamp<std::chrono::seconds>(options.connect_timeout, std::chrono::seconds{1},
                                                             std::chrono::years{1});
  return options;
}

thread_local std::chrono::milliseconds patience_of_thread{0};  // 0: it does not share

}  // namespace

SharesConnections::SharesConnections(std::chrono::milliseconds patience) noexcept
    : before_{std::exchange(patience_of_thread, patience)} {}

SharesConnections::~SharesConnections() { patience_of_thread = before_; }

ConnectionPool::ConnectionPool(DatabaseOptions options, std::string alias)
    : options_{bounded(std::move(options))},
      alias_{std::move(alias)},
      watch_{std::make_shared<FrozenWatch>(options_, alias_)} {
  idle_.reserve(options_.pool_size);
}

ConnectionPool::Lease ConnectionPool::lease() {
  Connection::check_usable_still(alias_);
  if (refuses_) {
    throw DatabaseUnavailable{"database '" + alias_ +
                              "' is known not to serve now; it is asked again and again until it does"};
  }
  const bool shared = patience_of_thread.count() > 0;
  {
    std::unique_lock lock{mutex_};
    wait_for_room(lock, shared);
    ++out_;
    if (shared) ++shared_out_;
  }
  while (auto connection = take_idle()) {
    if (connection->looks_alive()) return Lease{*this, std::move(connection), true, shared};
  }
  try {
    auto connection = std::make_shared<Connection>(options_, alias_);
    watch_->add(connection);
    return Lease{*this, std::move(connection), false, shared};
  } catch (...) {
    give_back(nullptr, shared);
    throw;
  }
}

void ConnectionPool::wait_for_room(std::unique_lock<std::mutex>& lock, bool shared) {
  if (shared) {
    returned_to_share_.wait_for(lock, patience_of_thread, [&] { return !idle_.empty() || shared_out_ == 0; });
  }
  if (returned_.wait_for(lock, options_.pool_timeout, [&] { return out_ < options_.pool_size; })) return;
  throw DatabaseUnavailable{"no connection to database '" + alias_ + "' came free within " +
                            std::to_string(options_.pool_timeout.count()) + " ms: all " +
                            std::to_string(options_.pool_size) +
                            " of the pool are in use; raise pool_size or shorten the transactions"};
}

ConnectionPool::Lease ConnectionPool::lease_idle() {
  {
    const std::lock_guard lock{mutex_};
    if (idle_.empty() || out_ >= options_.pool_size) return {};
    ++out_;
  }
  if (auto connection = take_idle(); connection && connection->looks_alive())
    return Lease{*this, std::move(connection), true, false};
  give_back(nullptr, false);
  return {};
}

std::shared_ptr<Connection> ConnectionPool::take_idle() noexcept {
  const std::lock_guard lock{mutex_};
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void ConnectionPool::give_back(std::shared_ptr<Connection> connection, bool shared) noexcept {
  if (connection && !connection->make_fit()) connection.reset();
  {
    const std::lock_guard lock{mutex_};
    --out_;
    if (shared) --shared_out_;
    if (connection) idle_.push_back(std::move(connection));  // never reallocates: reserved for pool_size
  }
  returned_.notify_one();
  returned_to_share_.notify_one();
}

void ConnectionPool::leave_to_parent(std::shared_ptr<Connection> connection, bool shared) noexcept {
  static auto& left = *new std::vector<std::shared_ptr<Connection>>;
  left.push_back(std::move(connection));
  --out_;  // the only thread there is
  if (shared) --shared_out_;
}

void ConnectionPool::drop_idle() noexcept {
  std::vector<std::shared_ptr<Connection>> dropped;
  dropped.reserve(options_.pool_size);
  const std::lock_guard lock{mutex_};
  dropped.swap(idle_);
}

}  // namespace aftercommit::detail
