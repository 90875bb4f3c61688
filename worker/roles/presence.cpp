#include "worker/roles/presence.hpp"

#include <algorithm>

#include "client/app/worker_backends.hpp"

namespace aftercommit::worker {

Presence::Presence(Database& database, std::chrono::milliseconds interval)
    : interval_{interval},
      database_{database},
      thread_{{.role = "showing a database that this worker lives",
               .server = "the database",
               .shares_connections = true},
              [this](const std::stop_token&) {
                speak();
                return interval_;
              }} {}

bool Presence::fails() const noexcept {
  constexpr std::chrono::milliseconds kAtLeast{5000};
  return unanswered_ || Clock::now() - answered_at_.load() > std::max(4 * interval_, kAtLeast);
}

void Presence::speak() noexcept {
  try {
    detail::show_life(database_);
    answered_at_ = Clock::now();
    unanswered_ = false;
    speaking_.succeeded();
  } catch (...) {
    unanswered_ = true;
    speaking_.failed(database_.alias());
  }
}

}  // namespace aftercommit::worker
