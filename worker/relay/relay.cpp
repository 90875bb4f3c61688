#include "worker/relay/relay.hpp"

#include <algorithm>
#include <utility>

namespace aftercommit::worker {
namespace {

Millis time_until(std::chrono::steady_clock::time_point instant) {
  return std::max(std::chrono::ceil<Millis>(instant - std::chrono::steady_clock::now()), Millis{0});
}

}  // namespace

Relay::Relay(std::unique_ptr<RelayTarget> broker, Database& database, std::vector<Queue> queues,
             std::size_t payload_limit, std::chrono::milliseconds interval, Home& home,
             std::function<void()> on_cancel, Part part)
    : broker_{std::move(broker)},
      sweeper_{*broker_,      database,          std::move(queues),
               payload_limit, Sweeper::Limits{}, std::move(part.share)},
      database_{database},
      bell_{part.bell},
      listener_{bell_ ? nullptr : std::make_unique<detail::JobListener>(database, std::move(on_cancel))},
      interval_{interval},
      home_{home},
      counts_{role_counts().relays.of(database.alias())},
      thread_{{"relaying durable jobs", "the broker or the database"}, [this](const std::stop_token& stop) {
                sweep(stop);
                wait_for_jobs(stop);
              }} {}

void Relay::sweep(const std::stop_token& stop) {
  home_.wait_until_right(stop);  // a queue of another database takes none of our jobs
  const auto begun = std::chrono::steady_clock::now();
  counts_.brought.add(sweeper_.sweep(stop));
  counts_.took.add(microseconds_since(begun));
  counts_.has_backlog = sweeper_.goes_on_at().has_value();
  counts_.caught_up_ms = steady_ms();
  thread_.succeeded();
}

void Relay::wait_for_jobs(const std::stop_token& stop) {
  auto next = std::chrono::steady_clock::now() + interval_;
  if (const auto backlog = sweeper_.goes_on_at()) next = std::min(next, *backlog);
  if (bell_) {
    thread_.progress().enter(Phase::kWaiting);
    bell_->wait(heard_, next, stop);
    return;
  }
  try {
    while (!stop.stop_requested() && !listener_->wait(std::min(kListenSlice, time_until(next))) &&
           time_until(next) > Millis{0}) {
    }
    listening_.succeeded();
  } catch (...) {
    listening_.failed(database_.alias());
    thread_.pause(time_until(next), stop);  // behind a pooler nobody can listen: the interval will do
  }
}

}  // namespace aftercommit::worker
