/// Tells the broker, again and again, that this worker lives.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/contract/leases.hpp"
#include "worker/roles/of_shard.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// A lease as its holder sees it: counted from before each renewal was asked for, so that a slow answer
/// cannot stretch it.  Thread-safe.
class HeldLease {
 public:
  using Clock = std::chrono::steady_clock;

  explicit HeldLease(std::chrono::milliseconds length) : length_{length} {}

  std::chrono::milliseconds length() const noexcept { return length_; }

  /// False once others may hold our jobs, and before the first renewal.
  bool held() const;
  /// Whether durable jobs may run without it: those who would take them over cannot, and each is run by one
  /// all the same.
  bool needless() const noexcept { return needless_.load(std::memory_order_relaxed); }
  void set_needless(bool needless);
  /// Whether it has been renewed since.
  bool renewed_since(Clock::time_point time) const;
  /// True if it has been held without a break for a whole lease: then everybody else could renew theirs
  /// meanwhile.
  bool steady() const;
  /// Waits until it is held or needless, or stop.
  void wait_until_held(const std::stop_token& stop);

  void renewed(Clock::time_point asked_at, bool without_a_break);
  void failed();

 private:
  bool held_at(Clock::time_point now) const {
    return now < asked_at_ + length_ && asked_at_ != Clock::time_point{};
  }

  const std::chrono::milliseconds length_;
  std::atomic<bool> needless_{false};
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any changed_;
  Clock::time_point asked_at_{};  // of the last renewal
  Clock::time_point unbroken_since_{};
};

/// Those of a worker, one at each shard of its broker.  None is owned; all outlive this.  Thread-safe.
class HeldLeases {
 public:
  HeldLeases(HeldLease& only) : all_{&only} {}  // NOLINT(google-explicit-constructor): where there is one
  explicit HeldLeases(std::vector<HeldLease*> all) : all_{std::move(all)} {}

  /// Whether a durable job that came by this hand-over may run: its shard holds it in our name, or nobody
  /// has to.
  bool cover(std::string_view entry) const;

 private:
  std::vector<HeldLease*> all_;  // by the shard's number
};

/// Renews the lease until destroyed, on a thread and a connection of its own, which wait for no task.
class Heartbeat {
 public:
  /// `lease` is not owned and outlives this.  `report`: what to say of this worker with each beat, in its
  /// first queue; empty: nothing.
  Heartbeat(std::unique_ptr<Leases> broker, WorkerId worker, std::vector<Queue> queues, HeldLease& lease,
            std::chrono::milliseconds interval, std::function<std::string()> report = {}, OfShard of = {});

  RoleThread& thread() noexcept { return thread_; }

 private:
  HeldLease::Clock::duration beat();
  void renew(HeldLease::Clock::time_point asked_at);
  void report() const noexcept;

  const std::unique_ptr<Leases> broker_;  // used by thread_ alone, as is what follows
  const WorkerId worker_;
  const std::vector<Queue> queues_;
  HeldLease& lease_;
  const std::chrono::milliseconds interval_;
  const std::function<std::string()> report_;  // may be empty
  bool first_ = true;
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
