#include "worker/relay/relay.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "client/postgres/error_text.hpp"

namespace aftercommit::worker {
namespace {

constexpr Millis kSlice{250};  // a stop is noticed only between waits

Millis time_until(std::chrono::steady_clock::time_point instant) {
  return std::max(std::chrono::ceil<Millis>(instant - std::chrono::steady_clock::now()), Millis{0});
}

}  // namespace

Relay::Relay(std::unique_ptr<Broker> broker, Database& database, std::vector<Queue> queues,
             std::size_t payload_limit, std::chrono::milliseconds interval, Home& home)
    : broker_{std::move(broker)},
      sweeper_{*broker_, database, std::move(queues), payload_limit},
      database_{database},
      listener_{database},
      interval_{interval},
      home_{home},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Relay::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const bool swept = reconnect_.attempt(stop, [&] {
      home_.wait_until_right(stop);  // a queue of another database takes none of our jobs
      sweeper_.sweep(stop);
      reconnect_.succeeded();
    });
    if (!swept) continue;
    auto next = std::chrono::steady_clock::now() + interval_;
    if (const auto backlog = sweeper_.goes_on_at()) next = std::min(next, *backlog);
    try {
      while (!stop.stop_requested() && !listener_.wait(std::min(kSlice, time_until(next))) &&
             time_until(next) > Millis{0}) {
      }
      listening_.succeeded();
    } catch (...) {
      listening_.failed(database_.alias());
      // Behind a pooler nobody can listen: the interval will do.
      std::unique_lock lock{mutex};
      never.wait_until(lock, stop, next, [] { return false; });
    }
  }
}

}  // namespace aftercommit::worker
