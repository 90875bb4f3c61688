/// Sends each job to a shard that takes it.
#include <algorithm>
#include <utility>
#include <vector>

#include "broker/shards/sharded_broker.hpp"

namespace aftercommit {
namespace {

using SendClock = std::chrono::steady_clock;

struct Fate {
  bool sent = false;
  bool in_doubt = false;
  std::vector<std::size_t> left_out{};  // shards that were not asked
};

/// What there is of the time, or half of it where another shard may be asked as well.
Millis time_for(SendClock::time_point deadline, bool is_last) {
  const auto left = std::max(std::chrono::ceil<Millis>(deadline - SendClock::now()), Millis{1});
  return is_last ? left : std::max(left / 2, Millis{1});
}

}  // namespace

void ShardedBroker::enqueue(std::span<const Outgoing> jobs, Millis timeout) {
  const auto deadline = SendClock::now() + std::clamp<Millis>(timeout, Millis{0}, std::chrono::hours{1});
  std::vector<std::vector<std::size_t>> orders;  // of each job the shards where it may go
  for (const auto& job : jobs)
    orders.push_back(job.durable ? std::vector{shards_.of(*job.durable)} : shards_.order_of(job.payload));
  std::vector<Fate> fates(jobs.size());
  std::string why;
  bool passes = true;

  const auto send = [&](std::size_t number, const std::vector<std::size_t>& places, bool is_last,
                        bool in_any_case) {
    auto& state = *shards_.at(number).state;
    if (!in_any_case && !state.may_be_asked()) {
      why = "shard '" + shards_.at(number).name + "' did not answer a moment ago";
      for (const auto place : places) fates[place].left_out.push_back(number);
      return;
    }
    std::vector<Outgoing> own;
    for (const auto place : places) own.push_back(jobs[place]);
    try {
      brokers_[number]->enqueue(own, time_for(deadline, is_last));
      state.answered();
      for (const auto place : places) fates[place].sent = true;
    } catch (const EnqueueFailure& failure) {
      if (failure.retryable()) state.failed();
      why = failure.what();
      passes = passes && failure.retryable();
      for (const auto place : places) fates[place].sent = true;
      for (const auto unsent : failure.unsent()) {
        auto& fate = fates[places[unsent]];
        fate.sent = false;
        fate.in_doubt = fate.in_doubt || failure.in_doubt();
      }
    }
  };

  const auto count = brokers_.size();
  for (std::size_t round = 0; round < count; ++round) {
    std::vector<std::vector<std::size_t>> of_shard(count);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!fates[i].sent && round < orders[i].size()) of_shard[orders[i][round]].push_back(i);
    }
    for (std::size_t number = 0; number < count; ++number) {
      if (of_shard[number].empty()) continue;
      const bool is_last = round + 1 == count || jobs[of_shard[number].front()].durable.has_value();
      send(number, of_shard[number], is_last, false);
    }
  }
  // Those that were left out, as they have not answered lately, may do so by now: somebody has to find out.
  for (std::size_t round = 0; round < count; ++round) {
    std::vector<std::vector<std::size_t>> of_left_out(count);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const auto& fate = fates[i];
      if (fate.sent || jobs[i].durable || round >= fate.left_out.size()) continue;
      of_left_out[fate.left_out[round]].push_back(i);
    }
    for (std::size_t number = 0; number < count; ++number) {
      if (!of_left_out[number].empty()) send(number, of_left_out[number], round + 1 == count, true);
    }
  }

  std::vector<std::size_t> unsent;
  bool in_doubt = false;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (fates[i].sent) continue;
    unsent.push_back(i);
    in_doubt = in_doubt || fates[i].in_doubt;
  }
  if (!unsent.empty()) throw EnqueueFailure{why, std::move(unsent), passes, in_doubt};
}

}  // namespace aftercommit
