/// Keeps the buffer filled from the queues, in their order of preference.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "broker/broker.hpp"
#include "worker/gate.hpp"
#include "worker/heartbeat.hpp"
#include "worker/job_buffer.hpp"
#include "worker/queue_order.hpp"
#include "worker/reconnect.hpp"
#include "worker/settler.hpp"

namespace aftercommit::worker {

class Fetcher {
 public:
  /// Fetches only while the lease is held: what is fetched without one belongs to whoever comes.
  Fetcher(std::unique_ptr<Broker> broker, WorkerId worker, QueueOrder order, HeldLease& lease,
          InHand& in_hand, Gate& gate, JobBuffer& buffer, Settler& settler);

  /// Stops fetching and gives back what arrived meanwhile.  Returns when no job can arrive any more.
  void stop();

 private:
  void run(const std::stop_token& stop);
  std::size_t how_many(std::size_t wanted) const;
  void look_further(std::size_t fetched, std::size_t left);

  const std::unique_ptr<Broker> broker_;  // used by thread_ alone, as are the next three
  const WorkerId worker_;
  QueueOrder order_;
  Reconnect reconnect_{"fetching jobs"};
  HeldLease& lease_;       // not owned, outlives this
  InHand& in_hand_;        // as lease_
  Gate& gate_;             // as lease_
  JobBuffer& buffer_;      // as lease_
  Settler& settler_;       // as buffer_
  std::size_t reach_ = 1;  // how many times what is wanted is fetched: more, the more of it is held back
  std::jthread thread_;    // last
};

}  // namespace aftercommit::worker
