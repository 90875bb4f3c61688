#include "client/transaction/interrupt.hpp"

#include <utility>

#include "client/transaction/session.hpp"

namespace aftercommit::detail {

constinit thread_local Interrupt* Interrupt::own_ = nullptr;

void Interrupt::made(const std::shared_ptr<Session>& session) {
  if (own_ == nullptr) return;
  const std::lock_guard lock{own_->mutex_};
  std::erase_if(own_->sessions_, [](const auto& known) { return known.expired(); });
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
  pending_ = false;
  for_good_ = false;
  why_ = nullptr;
}

void Interrupt::throw_pending() {
  std::exception_ptr why;
  {
    const std::lock_guard lock{mutex_};
    why = why_;
    if (!for_good_) {
      pending_ = false;
      why_ = nullptr;
    }
  }
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
