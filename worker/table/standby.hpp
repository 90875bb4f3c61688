/// Notices that Redis does not answer, so that durable jobs are taken from their tables until it does.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "broker/none/taken_jobs.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Once fetching from Redis has failed for longer than a restart of Redis or a lost connection takes, the
/// lease of this worker is needless, with which its fetcher takes jobs from `jobs`; until a heartbeat has got
/// through.
class Standby {
 public:
  /// `fetching_fails`: asked a few times in a second, from a thread of its own.  `lease` is not owned and
  /// outlives this.
  /// `is_away`: told that it does not answer, or does again, before anything is taken; may be empty. `shard`:
  /// its name, of several; the jobs of those that answer are not for here.
  Standby(std::shared_ptr<TakenJobs> jobs, std::function<bool()> fetching_fails, HeldLease& lease,
          std::function<void(bool)> is_away = {}, std::string shard = {});

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = HeldLease::Clock;

  std::chrono::milliseconds look();
  void go_over();
  void go_back();

  const std::shared_ptr<TakenJobs> jobs_;
  const std::function<bool()> fetching_fails_;
  HeldLease& lease_;
  const std::function<void(bool)> is_away_;  // may be empty
  const std::string shard_;
  std::optional<Clock::time_point> away_since_;  // used by thread_ alone, as the next
  std::size_t handed_out_before_ = 0;
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
