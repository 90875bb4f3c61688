#include "worker/relay/relay_listener.hpp"

#include <utility>

namespace aftercommit::worker {

void RelayBell::ring() {
  {
    const std::lock_guard lock{mutex_};
    ++rings_;
  }
  rung_.notify_all();
}

bool RelayBell::wait(std::uint64_t& heard, std::chrono::steady_clock::time_point until,
                     const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  const bool rung = rung_.wait_until(lock, stop, until, [&] { return rings_ != heard; });
  heard = rings_;
  return rung;
}

RelayListener::RelayListener(Database& database, std::chrono::milliseconds interval,
                             std::shared_ptr<RelayBell> bell, std::function<void()> on_cancel)
    : database_{database},
      interval_{interval},
      bell_{std::move(bell)},
      listener_{database, std::move(on_cancel)},
      thread_{{"listening for the relays", "a database"},
              [this](const std::stop_token& stop) { listen(stop); }} {}

void RelayListener::listen(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kWaiting);
  try {
    if (listener_.wait(kListenSlice)) bell_->ring();
    listening_.succeeded();
  } catch (...) {
    listening_.failed(database_.alias());
    thread_.pause(interval_, stop);  // behind a pooler nobody can listen: the interval will do
  }
}

}  // namespace aftercommit::worker
