/// The role that sweeps a job table: for the jobs that their producer could not send, those enqueued by SQL,
/// and all of them after one of the servers has lost data.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "broker/contract/relay_target.hpp"
#include "client/job_table/job_listener.hpp"
#include "worker/home/home.hpp"
#include "worker/relay/relay_listener.hpp"
#include "worker/relay/sweeper.hpp"
#include "worker/roles/role_counts.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// A Sweeper with a thread: sweeps when the database notifies of a job, every `interval`, and as its backlog
/// wants.
class Relay {
 public:
  /// One of several to one database, each of a shard, for which somebody else listens.
  struct Part {
    ShardShare share{};
    std::shared_ptr<RelayBell> bell{};  ///< null: this one listens
  };

  /// `database` and `home` are not owned and outlive this.  `on_cancel`: called when it hears that a running
  /// job of the database was cancelled; may be empty.
  Relay(std::unique_ptr<RelayTarget> broker, Database& database, std::vector<Queue> queues,
        std::size_t payload_limit, std::chrono::milliseconds interval, Home& home,
        std::function<void()> on_cancel, Part part);
  Relay(std::unique_ptr<RelayTarget> broker, Database& database, std::vector<Queue> queues,
        std::size_t payload_limit, std::chrono::milliseconds interval, Home& home,
        std::function<void()> on_cancel)
      : Relay{std::move(broker), database, std::move(queues),    payload_limit,
              interval,          home,     std::move(on_cancel), Part{}} {}

  RoleThread& thread() noexcept { return thread_; }

 private:
  void sweep(const std::stop_token& stop);
  void wait_for_jobs(const std::stop_token& stop);

  const std::unique_ptr<RelayTarget> broker_;  // used by thread_ alone, as is what follows
  Sweeper sweeper_;
  Database& database_;
  const std::shared_ptr<RelayBell> bell_;  // null: there is a listener
  std::uint64_t heard_ = 0;
  const std::unique_ptr<detail::JobListener> listener_;
  const std::chrono::milliseconds interval_;
  SaidOnce listening_{"cannot listen for new jobs; looking for them at each interval"};
  Home& home_;
  RelayCounts& counts_;
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
