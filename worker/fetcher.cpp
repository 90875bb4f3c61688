#include "worker/fetcher.hpp"

#include <utility>

#include "aftercommit/error.hpp"
#include "broker/fail_point.hpp"
#include "worker/give_back.hpp"

namespace aftercommit::worker {

Fetcher::Fetcher(std::unique_ptr<Broker> broker, WorkerId worker, QueueOrder order, HeldLease& lease,
                 Home& home, InHand& in_hand, JobBuffer& buffer, Settler& settler)
    : broker_{std::move(broker)},
      worker_{std::move(worker)},
      order_{std::move(order)},
      lease_{lease},
      home_{home},
      in_hand_{in_hand},
      buffer_{buffer},
      settler_{settler},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Fetcher::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Fetcher::run(const std::stop_token& stop) {
  constexpr Millis kWait{500};  // a blocked read notices a stop only when it ends
  while (true) {
    lease_.wait_until_held(stop);
    home_.wait_until_right(stop);
    const auto wanted = buffer_.wait_for_demand(stop);
    if (stop.stop_requested()) return;
    for (auto& job : buffer_.take_stranded()) settler_.settle(give_back(std::move(job)));
    if (wanted == 0) continue;
    try {
      auto jobs = in_hand_.take_back();
      if (jobs.empty()) jobs = broker_->fetch(worker_, order_.next(), wanted, buffer_.fetch_wait(kWait));
      reconnect_.succeeded();
      in_hand_.take(jobs);
      if (!jobs.empty()) fail_point("worker.after_fetch");
      if (stop.stop_requested()) {
        for (auto& job : jobs) settler_.settle(give_back(std::move(job)));
        return;
      }
      buffer_.put(std::move(jobs));
    } catch (const Error& error) {
      reconnect_.wait(error.what(), stop);
    }
  }
}

}  // namespace aftercommit::worker
