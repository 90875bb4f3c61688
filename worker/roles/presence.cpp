#include "worker/roles/presence.hpp"

#include "client/app/worker_backends.hpp"

namespace aftercommit::worker {

Presence::Presence(Database& database, std::chrono::milliseconds interval)
    : database_{database},
      thread_{{"showing a database that this worker lives", "the database"},
              [this, interval](const std::stop_token&) {
                speak();
                return interval;
              }} {}

void Presence::speak() noexcept {
  try {
    detail::show_life(database_);
    speaking_.succeeded();
  } catch (...) {
    speaking_.failed(database_.alias());
  }
}

}  // namespace aftercommit::worker
