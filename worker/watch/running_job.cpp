#include "worker/watch/running_job.hpp"

#include "client/transaction/session.hpp"

namespace aftercommit::worker {

void RunningJob::begin() noexcept {
  progress.enter(Phase::kClaiming);
  const std::lock_guard lock{mutex_};
  committed_ = false;
}

void RunningJob::enter(Atomic& block, bool ends) noexcept {
  progress.enter(Phase::kTask);
  const std::lock_guard lock{mutex_};
  ends_ = ends;
  block_ = &block;
  transaction_ = &block.transaction();
}

void RunningJob::leave() noexcept {
  progress.enter(Phase::kSettling);
  const std::lock_guard lock{mutex_};
  if (block_ != nullptr) committed_ = ends_ && block_->committed();
  block_ = nullptr;
  transaction_ = nullptr;
}

bool RunningJob::committed() const noexcept {
  const std::lock_guard lock{mutex_};
  return committed_ || (block_ != nullptr && ends_ && block_->committed());
}

void RunningJob::cancel() noexcept {
  std::shared_ptr<detail::Connection> connection;
  {
    const std::lock_guard lock{mutex_};
    if (transaction_ != nullptr) connection = transaction_->session().share_connection();
  }
  if (connection) connection->cancel();  // unlocked: a frozen server does not answer
}

void RunningJob::sever() noexcept {
  const std::lock_guard lock{mutex_};
  if (transaction_ != nullptr) transaction_->sever();
}

void RunningJob::claim(Database& database) {
  auto& session = detail::Session::of(database.core());
  const std::lock_guard lock{mutex_};
  claims_in_ = &database;
  claiming_ = &session;
  claims_since_ = std::chrono::steady_clock::now();
}

void RunningJob::claimed() noexcept {
  const std::lock_guard lock{mutex_};
  claims_in_ = nullptr;
  claiming_ = nullptr;
}

std::optional<std::chrono::steady_clock::time_point> RunningJob::claims_since(
    const Database& database) const noexcept {
  const std::lock_guard lock{mutex_};
  return claims_in_ == &database ? std::optional{claims_since_} : std::nullopt;
}

void RunningJob::sever_claim(const Database& database) noexcept {
  const std::lock_guard lock{mutex_};
  if (claims_in_ == &database) claiming_->sever();
}

}  // namespace aftercommit::worker
