/// Moves delayed jobs to the ready ones when they are due, by the broker's clock.
#pragma once

#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "broker/contract/broker.hpp"
#include "worker/roles/reconnect.hpp"

namespace aftercommit::worker {

/// Every worker has one; whichever comes first promotes.
class Scheduler {
 public:
  Scheduler(std::unique_ptr<Broker> broker, std::vector<Queue> queues);

  void request_stop() { thread_.request_stop(); }  ///< the destructor waits for it
  const Progress& progress() const noexcept { return reconnect_.progress(); }

 private:
  void run(const std::stop_token& stop);

  const std::unique_ptr<Broker> broker_;  // used by thread_ alone, as is what follows
  const std::vector<Queue> queues_;
  Reconnect reconnect_{"promoting delayed jobs"};
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
