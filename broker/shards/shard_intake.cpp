/// One shard as its fetcher and its settler see it: what it hands over names it.
#include <string>
#include <utility>
#include <vector>

#include "broker/contract/intake.hpp"
#include "broker/contract/shard_entry.hpp"
#include "broker/contract/shards.hpp"

namespace aftercommit {
namespace {

class ShardIntake final : public Intake {
 public:
  ShardIntake(std::shared_ptr<Intake> broker, std::size_t number)
      : broker_{std::move(broker)}, number_{number} {}

  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait) override {
    return named(broker_->fetch(worker, queues, count, wait));
  }

  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) override {
    std::vector<Settlement> own{settlements.begin(), settlements.end()};
    for (auto& settlement : own) settlement.entry = std::string{ShardEntry::parse(settlement.entry).entry};
    return broker_->settle(worker, own);
  }

  std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                               std::span<const std::string> entries) override {
    std::vector<std::string> own;
    for (const auto& entry : entries) own.emplace_back(ShardEntry::parse(entry).entry);
    return named(broker_->held_by(worker, queue, own));
  }

 private:
  std::vector<Fetched> named(std::vector<Fetched> jobs) const {
    for (auto& job : jobs) job.entry = ShardEntry{number_, job.entry}.str();
    return jobs;
  }

  const std::shared_ptr<Intake> broker_;
  const std::size_t number_;
};

}  // namespace

std::shared_ptr<Intake> intake_of_shard(std::shared_ptr<Intake> broker, std::size_t number) {
  if (number == 0) return broker;
  return std::make_shared<ShardIntake>(std::move(broker), number);
}

}  // namespace aftercommit
