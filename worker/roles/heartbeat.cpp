#include "worker/roles/heartbeat.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "aftercommit/log.hpp"
#include "broker/contract/row_entry.hpp"
#include "broker/contract/shard_entry.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

bool HeldLease::held() const {
  const std::lock_guard lock{mutex_};
  return held_at(Clock::now());
}

bool HeldLease::steady() const {
  const std::lock_guard lock{mutex_};
  const auto now = Clock::now();
  return held_at(now) && now - unbroken_since_ >= length_;
}

void HeldLease::wait_until_held(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, stop, [&] { return needless() || held_at(Clock::now()); });
}

void HeldLease::set_needless(bool needless) {
  {
    const std::lock_guard lock{mutex_};
    needless_ = needless;
  }
  changed_.notify_all();
}

bool HeldLease::renewed_since(Clock::time_point time) const {
  const std::lock_guard lock{mutex_};
  return asked_at_ > time;
}

void HeldLease::renewed(Clock::time_point asked_at, bool without_a_break) {
  {
    const std::lock_guard lock{mutex_};
    if (!without_a_break || !held_at(asked_at)) unbroken_since_ = asked_at;
    asked_at_ = asked_at;
  }
  changed_.notify_all();
}

void HeldLease::failed() {
  const std::lock_guard lock{mutex_};
  unbroken_since_ = Clock::now();
}

bool HeldLeases::cover(std::string_view entry) const {
  if (all_.size() > 1 && is_of_a_row(entry)) return true;  // the lock on its row says whose it is
  const auto& lease = *all_.at(all_.size() > 1 ? ShardEntry::parse(entry).shard : 0);
  return lease.held() || lease.needless();
}

Heartbeat::Heartbeat(std::unique_ptr<Leases> broker, WorkerId worker, std::vector<Queue> queues,
                     HeldLease& lease, std::chrono::milliseconds interval,
                     std::function<std::string()> report, OfShard of)
    : broker_{std::move(broker)},
      worker_{std::move(worker)},
      queues_{std::move(queues)},
      lease_{lease},
      interval_{interval},
      report_{std::move(report)},
      thread_{{"renewing the lease", of.called}, [this](const std::stop_token&) { return beat(); }} {}

/// How long to wait before the next one.
HeldLease::Clock::duration Heartbeat::beat() {
  const auto asked_at = HeldLease::Clock::now();
  try {
    renew(asked_at);
  } catch (...) {
    lease_.failed();
    throw;
  }
  report();
  return asked_at + interval_ - HeldLease::Clock::now();
}

/// The lease does not depend on it: the next beat says it anew.
void Heartbeat::report() const noexcept {
  if (!report_ || queues_.empty()) return;
  try {
    broker_->report(worker_, queues_.front(), report_(), lease_.length());
  } catch (const std::exception& error) {
    log(LogLevel::kDebug, "what this worker does could not be told to the broker", {{"error", error.what()}});
  }
}

void Heartbeat::renew(HeldLease::Clock::time_point asked_at) {
  const auto found = broker_->renew_lease(worker_, queues_, lease_.length());
  thread_.succeeded();
  if (std::ranges::find(found, Lease::kLapsed) != found.end()) {
    if (!lease_.held()) role_counts().lease_losses.add();
    log(LogLevel::kWarning,
        lease_.held()
            ? "the broker's clock has made a step, or the broker is another server now"
            : "this worker was silent for longer than its lease: others may have taken over its jobs",
        {{"worker", worker_}, {"lease_ms", lease_.length().count()}});
  }
  if (!first_ && std::ranges::find(found, Lease::kNew) != found.end()) {
    role_counts().broker_losses.add();
    log(LogLevel::kWarning,
        "the broker has lost its data, or had this worker recovered: durable jobs come back from the job "
        "table",
        {{"worker", worker_}});
  }
  first_ = false;
  lease_.renewed(asked_at, std::ranges::all_of(found, [](Lease lease) { return lease == Lease::kHeld; }));
}

}  // namespace aftercommit::worker
