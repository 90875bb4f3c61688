/// A broker within this process, for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/clock.hpp"
#include "broker/contract/broker.hpp"

namespace aftercommit {

/// All brokers of one name share their jobs, until the process ends, and the clock by which it is judged what
/// is due; the wait of fetch and await_schedule is of real time.
class MemoryBroker final : public Broker {
 public:
  explicit MemoryBroker(std::string_view name);

  // --- For the test kit.

  /// Null: the machine's.  Not owned, outlives its use.
  void share_clock(const Clock* clock);
  /// As if no broker of this name had ever been: the clock alone stays.
  void clear();
  /// The queue whose first ready job has waited longest; nothing: none is ready.
  std::optional<Queue> longest_ready();
  /// Makes the delayed job ready that is due first, before its time.  False: there is none.
  bool hurry();
  /// All jobs that wait, ready ones first in each queue, with the time until they are due (ready: nothing).
  struct Waiting {
    std::string payload;
    std::optional<Millis> due_in{};
  };
  std::vector<Waiting> waiting();

  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  bool is_in_process() const override { return true; }
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

 private:
  struct Shared;
  static std::shared_ptr<Shared> shared(std::string_view name);

  std::chrono::system_clock::time_point now() const;  // with the mutex held, as the next
  std::int64_t now_ms() const;
  std::vector<AsideJobs> aside(std::span<const Queue> queues, bool for_limits) const;

  const std::shared_ptr<Shared> shared_;
  std::vector<Queue> awaited_;     // what await_schedule was last asked for,
  std::uint64_t signs_heard_ = 0;  // and how many signs these queues had given by then
};

}  // namespace aftercommit
