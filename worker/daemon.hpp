/// The running worker: all its roles, from start to an orderly stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/shards.hpp"
#include "broker/none/taken_jobs.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "worker/cancel/cancel_watch.hpp"
#include "worker/held/in_hand.hpp"
#include "worker/home/home.hpp"
#include "worker/intake/job_buffer.hpp"
#include "worker/roles/heartbeat.hpp"
#include "worker/roles/roles.hpp"
#include "worker/roles/settler.hpp"
#include "worker/run/attempt.hpp"
#include "worker/run/executors.hpp"
#include "worker/settings/options.hpp"
#include "worker/telemetry.hpp"
#include "worker/watch/deadlines.hpp"
#include "worker/watch/signals.hpp"
#include "worker/watch/watchdog.hpp"

namespace aftercommit::worker {

class Presence;
class SeenAlive;

/// Adds the roles of every worker, of one that only relays as well.  `app` and `home` are not owned and
/// outlive them.  `on_cancel`: see Relay.
void add_relaying(Roles& roles, App& app, const Options& options, Home& home,
                  const std::function<void(Database&)>& on_cancel = {});

/// While it lives, the app sends the jobs of its tasks by a sender of the worker's.
class SenderSwap {
 public:
  SenderSwap(App& app, std::shared_ptr<detail::JobSender> sender);
  ~SenderSwap();
  SenderSwap(const SenderSwap&) = delete;
  SenderSwap& operator=(const SenderSwap&) = delete;

 private:
  App& app_;  // not owned, outlives this
  std::shared_ptr<detail::JobSender> before_;
};

/// Fetches from construction on.
class Daemon {
 public:
  /// `home`, `slots`, null without a supervisor, and `listener`, who is told besides the log and may be null,
  /// are not owned and outlive this.
  Daemon(App& app, const Options& options, WorkerId worker, Home& home, Preparations preparations,
         ChildSlots* slots = nullptr, Listener* listener = nullptr);

  const WorkerId& worker() const noexcept { return context_.worker; }

  /// Whether its watchdog still looks at the other threads: else nobody would notice that they stand.
  bool is_watched() const noexcept;
  /// Why it takes no jobs, if it does not, and how many it has.
  Condition condition();

  /// Stops fetching, gives back what has not started, lets the running jobs finish until the shutdown
  /// timeout, then cancels their queries and gives them back.  A further signal ends the process at once.
  /// Does not return when a task ignores its cancellation: the process then exits from here, its jobs given
  /// back.
  void shut_down(Signals& signals);

 private:
  /// What a worker has for each shard of its broker, all on connections of their own: one that is down keeps
  /// nobody else.
  struct OneShard {
    OneShard(Shard of, std::chrono::milliseconds lease_length) : shard{std::move(of)}, lease{lease_length} {}
    const Shard shard;
    HeldLease lease;
    Settler* settler = nullptr;            // not owned
    const RoleThread* fetching = nullptr;  // set by add_roles(), as the next
    const RoleThread* beating = nullptr;
  };

  bool without_redis() const;
  std::unique_ptr<Broker> connect() const;  // to all shards
  std::unique_ptr<Broker> connect_to(const OneShard& one) const;
  std::vector<std::unique_ptr<OneShard>> make_shards();
  HeldLeases leases() const;
  Settler::Servers settles_at(std::size_t number) const;
  Settler::Others other_settlers();
  bool is_flushed(std::chrono::milliseconds timeout);
  void add_roles();
  void add_roles_of(std::size_t number);
  void add_taking();
  void add_standby();
  void retire();
  std::vector<Watchdog::Watched> watched();
  std::shared_ptr<detail::JobSender> make_sender();
  bool wait_until_idle(std::chrono::milliseconds timeout, Signals& signals) const;
  [[noreturn]] void give_back_what_still_runs();
  [[noreturn]] static void exit_with_jobs_held();

  App& app_;  // not owned, outlives this
  const Options options_;
  const std::vector<Queue> queues_;
  const Shards shards_;
  std::vector<std::unique_ptr<OneShard>> each_shard_;  // by number
  AttemptContext context_;
  JobBuffer buffer_;
  InHand in_hand_;
  const std::shared_ptr<TakenJobs> taken_;      // from job tables
  const std::unique_ptr<Settler> row_settler_;  // of them; null without Redis: then the other one's are these
  const std::shared_ptr<UnsentJobs> unsent_ = std::make_shared<UnsentJobs>();
  std::vector<std::unique_ptr<Settler>> shard_settlers_{};  // of all shards but the first
  Settler settler_;                                         // of the first; hands on what is the others'
  const SenderSwap sender_;
  Executors executors_;
  Deadlines deadlines_;
  CancelWatch cancels_;
  std::map<const Database*, const Presence*> presences_;  // constant after construction; owned by roles_
  const std::shared_ptr<SeenAlive> seen_alive_;           // null: there is one shard
  Roles roles_;
  std::optional<Watchdog> watchdog_;  // last: looks at the others
};

}  // namespace aftercommit::worker
