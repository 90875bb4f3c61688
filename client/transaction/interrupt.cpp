#include "client/transaction/interrupt.hpp"

#include <utility>

#include "client/transaction/session.hpp"

namespace aftercommit::detail {

constinit thread_local Interrupt* Interrupt::own_ = nullptr;

void Interrupt::made(const std::shared_ptr<Session>& session) {
  if (own_ == nullptr) return;
  const std::lock_guard lock{own_->mutex_};
  std::erase_if(own_->sessions_,
                [&](const auto& known) { return known.expired() || known.lock() == session; });
  own_->sessions_.push_back(session);
}

void Interrupt::set(std::exception_ptr why, Lasts lasts) noexcept {
  const std::lock_guard lock{mutex_};
  why_ = std::move(why);
  if (lasts == Lasts::kForGood) for_good_ = true;
  pending_ = true;
}

void Interrupt::clear() noexcept {
  const std::lock_guard lock{mutex_};
  pending_ = static_cast<bool>(look_);
  for_good_ = false;
  why_ = nullptr;
}

void Interrupt::watch_uses(std::function<void()> look) {
  const std::lock_guard lock{mutex_};
  look_ = std::move(look);
  pending_ = look_ || why_;
}

void Interrupt::throw_pending() {
  std::exception_ptr why;
  std::function<void()> look;
  {
    const std::lock_guard lock{mutex_};
    look = look_;
    why = why_;
    if (!for_good_) {
      pending_ = static_cast<bool>(look_);
      why_ = nullptr;
    }
  }
  if (look) look();
  if (why) std::rethrow_exception(why);
}

std::vector<std::shared_ptr<Connection>> Interrupt::connections() const {
  std::vector<std::shared_ptr<Connection>> held;
  const std::lock_guard lock{mutex_};
  for (const auto& known : sessions_) {
    const auto session = known.lock();
    if (!session) continue;
    if (auto connection = session->share_connection()) held.push_back(std::move(connection));
  }
  return held;
}

}  // namespace aftercommit::detail
