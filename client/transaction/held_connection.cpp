#include "client/transaction/held_connection.hpp"

#include <algorithm>
#include <utility>

#include "client/transaction/interrupt.hpp"

namespace aftercommit::detail {

/// Savepoints and blocks of one session are never taken for those of another.
std::uint64_t HeldConnection::first_transaction() noexcept {
  constexpr int kTransactionsOfOne = 36;  // bits
  static std::atomic<std::uint64_t> sessions_made{0};
  return (++sessions_made << kTransactionsOfOne) + 1;
}

void HeldConnection::take(ConnectionPool::Lease lease) {
  const std::lock_guard lock{mutex_};
  lease_ = std::move(lease);
}

void HeldConnection::give_back(bool healthy) noexcept {
  ConnectionPool::Lease given_back;  // without the lock: cleaning it up asks the server
  const std::lock_guard lock{mutex_};
  // Whoever shares it has set the interrupt before: see Interrupt::connections().
  if (!healthy || Interrupt::may_be_cancelled()) lease_.discard();
  given_back = std::move(lease_);
}

void HeldConnection::end_transaction() noexcept {
  const std::lock_guard lock{mutex_};
  ++transaction_;
  abandoned_ = 0;
}

std::size_t HeldConnection::take_abandoned() noexcept {
  if (abandoned_.load(std::memory_order_relaxed) == 0) return 0;
  const std::lock_guard lock{mutex_};
  return abandoned_.exchange(0);
}

std::shared_ptr<Connection> HeldConnection::share() noexcept {
  const std::lock_guard lock{mutex_};
  return lease_.share();
}

void HeldConnection::cancel() noexcept {
  // Without the lock: the server may take long to answer, or for ever when it is frozen.
  if (const auto connection = share()) connection->cancel();
}

void HeldConnection::sever() noexcept {
  const std::lock_guard lock{mutex_};
  if (lease_) lease_->sever();
}

void HeldConnection::abandon(const BlockId& block) noexcept {
  const std::lock_guard lock{mutex_};
  if (transaction_ != block.transaction) return;  // it has ended without this block
  abandoned_ = abandoned_ == 0 ? block.depth : std::min<std::size_t>(abandoned_, block.depth);
  if (lease_) lease_->sever();
}

}  // namespace aftercommit::detail
