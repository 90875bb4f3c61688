/// Which shards do not answer, as those who take jobs from tables have to know.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "broker/contract/shards.hpp"

namespace aftercommit::worker {

/// Thread-safe.
class AwayShards {
 public:
  explicit AwayShards(Shards shards) : shards_{std::move(shards)}, away_(shards_.count()) {}

  void set(std::size_t shard, bool away) noexcept {
    away_.at(shard) = away;
    tell_shard_away(shards_.at(shard).state, away);
  }
  /// Whether a job is to be taken from its table.
  bool have(const JobId& job) const noexcept { return away_[shards_.of(job)]; }

 private:
  const Shards shards_;
  std::vector<std::atomic<bool>> away_;
};

}  // namespace aftercommit::worker
