#include "worker/fetcher.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/fail_point.hpp"
#include "worker/give_back.hpp"

namespace aftercommit::worker {

Fetcher::Fetcher(std::unique_ptr<Broker> broker, WorkerId worker, QueueOrder order, HeldLease& lease,
                 InHand& in_hand, Gate& gate, JobBuffer& buffer, Settler& settler)
    : broker_{std::move(broker)},
      worker_{std::move(worker)},
      order_{std::move(order)},
      lease_{lease},
      in_hand_{in_hand},
      gate_{gate},
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
    const auto wanted = buffer_.wait_for_demand(stop);
    if (stop.stop_requested()) return;
    for (auto& job : buffer_.take_stranded()) settler_.settle(give_back(std::move(job)));
    if (wanted == 0) continue;
    try {
      auto jobs = in_hand_.take_back();
      if (jobs.empty())
        jobs = broker_->fetch(worker_, order_.next(), how_many(wanted), buffer_.fetch_wait(kWait));
      reconnect_.succeeded();
      in_hand_.take(jobs);
      if (!jobs.empty()) fail_point("worker.after_fetch");
      if (stop.stop_requested()) {
        for (auto& job : jobs) settler_.settle(give_back(std::move(job)));
        return;
      }
      const auto fetched = jobs.size();
      gate_.hold_back(jobs, settler_);
      look_further(fetched, jobs.size());
      buffer_.put(std::move(jobs), fetched);
    } catch (const Error& error) {
      reconnect_.wait(error.what(), stop);
    }
  }
}

/// Behind many jobs that cannot run there may be one that can: a batch of the usual size would get there
/// late.
std::size_t Fetcher::how_many(std::size_t wanted) const {
  constexpr std::size_t kMost = 1000;
  return std::max(wanted, std::min(wanted * reach_, kMost));
}

void Fetcher::look_further(std::size_t fetched, std::size_t left) {
  constexpr std::size_t kFurther = 4;
  constexpr std::size_t kFurthest = 1024;
  reach_ = fetched > 0 && left == 0 ? std::min(reach_ * kFurther, kFurthest) : 1;
}

}  // namespace aftercommit::worker
