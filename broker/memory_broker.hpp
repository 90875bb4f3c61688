/// A broker within this process, for tests.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/clock.hpp"
#include "broker/broker.hpp"

namespace aftercommit {

/// All brokers of one name share their jobs, until the process ends.  What is due is judged by the clock
/// given here, the wait of fetch and await_schedule by real time.
class MemoryBroker final : public Broker {
 public:
  /// `clock` is not owned and outlives this.
  explicit MemoryBroker(std::string_view name, const Clock& clock = system_clock());

  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait) override;
  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) override;
  Promotion promote(std::span<const Queue> queues, std::size_t limit) override;
  bool await_schedule(std::span<const Queue> queues, Millis timeout) override;
  QueueCounts counts(const Queue& queue) override;
  std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset,
                                            std::size_t count) override;
  std::vector<std::string> check() override;

 private:
  struct Shared;
  static std::shared_ptr<Shared> shared(std::string_view name);

  std::int64_t now_ms() const;

  const Clock& clock_;
  const std::shared_ptr<Shared> shared_;
  std::vector<Queue> awaited_;     // what await_schedule was last asked for,
  std::uint64_t signs_heard_ = 0;  // and how many signs these queues had given by then
};

}  // namespace aftercommit
