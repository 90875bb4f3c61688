/// In which order the queues are asked for jobs.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "broker/contract/names.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// Strict where no weight is given: a queue is served when those before it are empty.  Otherwise each round
/// draws an order in which a queue of weight 3 comes first three times as often as one of weight 1, so that
/// none starves.  For one thread.
class QueueOrder {
 public:
  explicit QueueOrder(const std::vector<QueueChoice>& choices) {
    for (const auto& choice : choices) {
      names_.push_back(choice.name);
      weights_.push_back(std::max(choice.weight, 1));
      weighted_ = weighted_ || choice.weight > 0;
    }
  }

  std::span<const Queue> next() {
    if (!weighted_ || names_.size() < 2) return names_;
    // Efraimidis and Spirakis: sorting by -ln(u) / weight draws without replacement, in proportion to the
    // weights.
    std::vector<std::pair<double, std::size_t>> keys;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const double u = 1.0 - std::uniform_real_distribution<>{}(random_);
      keys.emplace_back(-std::log(u) / weights_[i], i);
    }
    std::ranges::sort(keys);
    drawn_.clear();
    for (const auto& [key, index] : keys) drawn_.push_back(names_[index]);
    return drawn_;
  }

 private:
  std::vector<Queue> names_;
  std::vector<int> weights_;
  std::vector<Queue> drawn_;
  bool weighted_ = false;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace aftercommit::worker
