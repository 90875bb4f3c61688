/// Keeps the buffer filled from the queues, in their order of preference.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "broker/contract/intake.hpp"
#include "worker/gate/gate.hpp"
#include "worker/home/home.hpp"
#include "worker/intake/job_buffer.hpp"
#include "worker/intake/queue_order.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/roles/of_shard.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/roles/settler.hpp"

namespace aftercommit::worker {

/// When it has ended, what arrived last has been given back, and no job can arrive any more.
class Fetcher {
 public:
  /// Fetches only while the lease is held: what is fetched without one belongs to whoever comes.
  /// `stand_in`: what it fetches from instead while no lease is needed; null: nothing.  `of`: as which of its
  /// fetchers the buffer knows this one.
  Fetcher(std::shared_ptr<Intake> broker, WorkerId worker, QueueOrder order, HeldLease& lease, Home& home,
          InHand& in_hand, Gate& gate, JobBuffer& buffer, Settler& settler,
          std::unique_ptr<Intake> stand_in = nullptr, OfShard of = {});

  RoleThread& thread() noexcept { return thread_; }

 private:
  void fetch(const std::stop_token& stop);
  void fetch(std::size_t wanted, const std::stop_token& stop);
  std::vector<Fetched> fetch(Intake& broker, std::size_t count, Millis wait, const std::stop_token& stop);
  void finish(const std::stop_token& stop);
  void give_back_all(std::vector<Fetched>& jobs);
  std::size_t how_many(std::size_t wanted) const;
  void look_further(std::size_t fetched, std::size_t left);

  const std::shared_ptr<Intake> broker_;    // used by thread_ alone, as are the next seven
  const std::unique_ptr<Intake> stand_in_;  // may be null
  const WorkerId worker_;
  QueueOrder order_;
  std::vector<Queue> open_;        // that are not paused, while others are
  std::vector<Fetched> fetched_;   // and in hand, but not in the buffer yet
  bool are_new_ = false;           // they are not in hand yet
  std::vector<Fetched> stranded_;  // out of the buffer, but not given back yet
  HeldLease& lease_;               // not owned, outlives this
  Home& home_;                     // as lease_
  InHand& in_hand_;                // as lease_
  Gate& gate_;                     // as lease_
  const std::shared_ptr<RunningJob> looking_ = gate_.add_looking();
  JobBuffer& buffer_;  // as lease_
  Settler& settler_;   // as buffer_
  const std::size_t number_;
  std::size_t reach_ = 1;  // how many times what is wanted is fetched: more, the more is held back
  RoleThread thread_;      // last
};

}  // namespace aftercommit::worker
