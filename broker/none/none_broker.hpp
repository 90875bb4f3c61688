/// The broker where there is none: a process hands out the durable jobs that it has taken from their tables.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/broker.hpp"
#include "broker/none/taken_jobs.hpp"

namespace aftercommit {

/// Has no server and asks nobody: leases are held for ever, a queue is everybody's, and what others have is
/// not to be seen here.  A job that has no row it cannot keep: enqueue refuses it, with a sentence.
class NoneBroker final : public Broker {
 public:
  /// Of nobody else: it has no jobs.
  NoneBroker() : NoneBroker{std::make_shared<TakenJobs>()} {}
  explicit NoneBroker(std::shared_ptr<TakenJobs> jobs) : jobs_{std::move(jobs)} {}

  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait) override;
  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) override;
  std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                               std::span<const std::string> entries) override;

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
  bool remove_dead_letter(const Queue& queue, const std::string& letter, const Outgoing* job) override;

  std::vector<std::string> check() override;

 private:
  const std::shared_ptr<TakenJobs> jobs_;
};

}  // namespace aftercommit
