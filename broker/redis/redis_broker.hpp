/// The broker in Redis.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/broker.hpp"
#include "broker/redis/jobs/redis_aside.hpp"
#include "broker/redis/jobs/redis_fetch.hpp"
#include "broker/redis/jobs/redis_wake.hpp"
#include "broker/redis/redis_browse.hpp"
#include "broker/redis/wire/redis_session.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

/// One connection for commands, and one more once await_schedule is called.  Keys:
/// redis_keys.hpp.
class RedisBroker final : public Broker {
 public:
  /// What a call takes at most, connecting included and beside the `wait` it was given: well below a lease,
  /// and above the seconds that Redis may take for a slow disk.
  static constexpr Millis kCallTimeout{4000};

  explicit RedisBroker(RedisUrl url, Millis call_timeout = kCallTimeout);

  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait) override;
  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) override;
  Promotion promote(std::span<const Queue> queues, std::size_t limit) override;
  bool await_schedule(std::span<const Queue> queues, Millis timeout) override;
  std::vector<AsideJobs> aside(std::span<const Queue> queues) override;
  std::vector<AsideJobs> limited(std::span<const Queue> queues, std::size_t some) override;
  std::size_t bring_back(const Queue& queue, const std::string& reason, std::size_t limit, bool all) override;

  std::vector<Lease> renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                 Millis lease) override;
  void report(const WorkerId& worker, const Queue& queue, const std::string& text, Millis time) override;
  std::vector<LeaseView> leases(std::span<const Queue> queues, Millis lease) override;
  std::size_t recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                      const std::string& mark) override;
  std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                               std::span<const std::string> entries) override;
  void retire(const WorkerId& worker, std::span<const Queue> queues) override;

  std::vector<std::vector<HomeFinding>> claim_home(const HomeClaim& claim,
                                                   std::span<const Queue> queues) override;
  std::vector<HomeDatabase> home_of(const Queue& queue) override;
  void declare_queues(std::span<const DeclaredQueue> declared, Millis time) override;

  std::vector<std::string> relay_cursors(std::string_view source, std::span<const Queue> queues) override;
  std::vector<std::string> relay_sources(const Queue& queue) override;
  void forget_relay_sources(const Queue& queue, std::span<const std::string> sources) override;
  bool relay(const RelayStep& step) override;
  std::vector<bool> has_durable(const Queue& queue, std::span<const JobId> jobs) override;

  bool pause(const Queue& queue) override;
  bool resume(const Queue& queue) override;
  std::vector<Since> paused_since(std::span<const Queue> queues) override;

  std::vector<Queue> queues() override;
  void for_each_job(const Queue& queue,
                    const std::function<void(JobState state, std::string_view payload)>& visit) override;
  void for_each_durable(const Queue& queue, const std::function<void(const JobId& job)>& visit) override;
  bool remove_dead_letter(const Queue& queue, const std::string& letter, const Outgoing* job) override;
  QueueCounts counts(const Queue& queue) override;
  std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset,
                                            std::size_t count) override;
  std::vector<DeadLetterEntry> dead_letters_until(const Queue& queue,
                                                  std::chrono::system_clock::time_point until,
                                                  std::size_t offset, std::size_t count) override;
  JobPage jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) override;
  std::size_t remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                          std::span<const std::optional<JobId>> durable) override;
  std::vector<WorkerView> workers(const Queue& queue) override;
  std::vector<std::string> check() override;
  ServerReport server_report() override;

 private:
  Deadline deadline() const { return std::chrono::steady_clock::now() + call_timeout_; }

  const Millis call_timeout_;
  RedisSession session_;
  RedisFetcher fetcher_{session_};
  LimitedCursors limited_cursors_{};
  bool relay_has_asked_ = false;  // what it heard holds for this connection only
  RedisWake wake_{session_.url()};
  RedisBrowser browser_{session_, call_timeout_};
};

}  // namespace aftercommit
