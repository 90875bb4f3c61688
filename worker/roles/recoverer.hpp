/// Takes over the jobs of workers that have died.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/leases.hpp"
#include "worker/held/locked_jobs.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/roles/lease_watch.hpp"
#include "worker/roles/of_shard.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/roles/seen_alive.hpp"
#include "worker/roles/session_ender.hpp"

namespace aftercommit::worker {

/// Every worker has one.  It first ends what sessions the dead worker has at the databases, since a worker
/// that was only stopped still holds its locks, then gives its jobs back.  It only watches while its own
/// lease is not steady: after an outage of the broker the others must have had the time to renew theirs.
class Recoverer {
 public:
  /// `app`, `lease` and `locked` are not owned and outlive this.  `seen`: shared by those of several shards,
  /// of which a worker may have lost one alone: it is alive, and keeps its sessions.  Null: there is one.
  Recoverer(std::unique_ptr<Leases> broker, App& app, WorkerId worker, std::vector<Queue> queues,
            HeldLease& lease, LockedJobs& locked, OfShard of = {}, std::shared_ptr<SeenAlive> seen = nullptr);

  RoleThread& thread() noexcept { return thread_; }

 private:
  void look();
  bool lives(const WorkerId& worker, LeaseWatch::Clock::time_point now) const;
  bool lives_elsewhere(const WorkerId& worker, LeaseWatch::Clock::time_point now) const;
  void look_for_holders();
  void take_over(const LeaseWatch::Silent& dead);
  void end_sessions(const WorkerId& dead);

  const std::unique_ptr<Leases> broker_;  // used by thread_ alone, as is what follows
  const WorkerId worker_;
  const std::vector<Queue> queues_;
  HeldLease& lease_;
  LockedJobs& locked_;
  const std::size_t shard_;
  const std::shared_ptr<SeenAlive> seen_;  // may be null
  LeaseWatch watch_{lease_.length()};
  const std::map<Database*, std::unique_ptr<SessionEnder>> enders_;  // one for each database
  RoleThread thread_;                                                // last
};

}  // namespace aftercommit::worker
