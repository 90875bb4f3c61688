#include "worker/roles/presence.hpp"

#include "client/app/worker_backends.hpp"

namespace aftercommit::worker {

Presence::Presence(Database& database, std::chrono::milliseconds interval)
    : database_{database}, interval_{interval}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Presence::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      detail::show_life(database_);
      speaking_.succeeded();
    } catch (...) {
      speaking_.failed(database_.alias());
    }
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, interval_, [] { return false; });
  }
}

}  // namespace aftercommit::worker
