/// The brokers of several shards, seen as one.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/shards.hpp"
#include "broker/shards/shard_state.hpp"

namespace aftercommit {

/// What is said of a shard that was left out.
inline constexpr std::string_view kAskedSoon = "it did not answer a moment ago, and is asked again soon";

/// For whoever sends jobs, and whoever looks at all of them: what is asked is asked of each shard, and the
/// answers are summed up.  A shard that does not answer is left out, so that no call waits for it twice; it
/// is an error where none answers, or where nothing may be left out (bear_silent_shards).  Who does the same
/// thing again and again with one shard, as the roles of a worker, takes that shard's own broker.
class ShardedBroker final : public Broker {
 public:
  explicit ShardedBroker(Shards shards);

  /// A durable job goes to its own shard or nowhere: its relay brings it later.  Any other goes to the first
  /// of its order that takes it, and may be in two where one took it and did not say so.
  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  bool is_in_process() const override;

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

  std::vector<RelayPart> relay_parts() override;
  std::vector<std::string> relay_cursors(std::string_view source, std::span<const Queue> queues) override;
  bool relay(const RelayStep& step) override;
  std::vector<std::string> relay_sources(const Queue& queue) override;
  void forget_relay_sources(const Queue& queue, std::span<const std::string> sources) override;
  std::vector<bool> has_durable(const Queue& queue, std::span<const JobId> jobs) override;

  /// On all of them: a shard that is away throws, and is to be told again.
  bool pause(const Queue& queue) override;
  bool resume(const Queue& queue) override;
  std::vector<Since> paused_since(std::span<const Queue> queues) override;

  void bear_silent_shards(bool bear) override { bears_ = bear; }
  std::vector<SilentShard> take_silent_shards() override;
  bool any_silent_shard() const override { return !silent_.empty(); }

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
  /// Those of one shard after those of the other.
  JobPage jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) override;
  std::size_t remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                          std::span<const std::optional<JobId>> durable) override;
  std::vector<WorkerView> workers(const Queue& queue) override;

  /// Of all at once.  A shard that is away is a warning, unless all are.
  std::vector<std::string> check() override;

 private:
  /// Calls `ask(number, broker)` for each shard that is to be asked now.
  template <class Ask>
  void each(Ask&& ask);
  /// The same for one; false where it does not answer.  Anything else that it throws is the caller's.
  template <class Ask>
  bool one(std::size_t number, Ask&& ask);
  bool of_all(const std::function<bool(Broker&)>& change);
  void is_silent(std::size_t number, const std::string& error);
  void require_an_answer(std::size_t answered) const;
  std::vector<DeadLetterEntry> merged_letters(
      std::size_t offset, std::size_t count,
      const std::function<std::vector<DeadLetterEntry>(Broker&, std::size_t)>& newest);

  const Shards shards_;
  std::vector<std::shared_ptr<Broker>> brokers_;
  std::vector<std::shared_ptr<Intake>> intakes_;  // of the same
  std::map<std::size_t, std::string> silent_;     // by number, what was wrong
  bool bears_ = true;
  std::size_t turn_ = 0;  // of the next fetch
};

template <class Ask>
bool ShardedBroker::one(std::size_t number, Ask&& ask) {
  auto& state = *shards_.at(number).state;
  if (!state.may_be_asked()) {
    is_silent(number, std::string{kAskedSoon});
    return false;
  }
  try {
    ask(number, *brokers_[number]);
    state.answered();
    return true;
  } catch (const BrokerUnavailable& error) {
    state.failed();
    is_silent(number, error.what());
    return false;
  } catch (const BrokerRefused& error) {
    state.failed();
    if (!bears_) throw;  // it tells an operator more than that the shard is silent
    is_silent(number, error.what());
    return false;
  }
}

template <class Ask>
void ShardedBroker::each(Ask&& ask) {
  std::size_t answered = 0;
  for (std::size_t i = 0; i < brokers_.size(); ++i) answered += one(i, ask) ? 1 : 0;
  require_an_answer(answered);
}

}  // namespace aftercommit
