/// Splits jobs into script calls.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "broker/redis/wire/redis_scripts.hpp"

namespace aftercommit {

/// Indexes of jobs that one script call takes, in their order.
struct RedisBatch {
  std::vector<std::size_t> jobs;
  std::size_t bytes = 0;
};

/// Puts alike(i, j) jobs together, as many as a script call may have; bytes(i) is the size of a job's
/// payload.
template <class Alike, class Bytes>
std::vector<RedisBatch> batches(std::span<const std::size_t> jobs, Alike alike, Bytes bytes) {
  std::vector<RedisBatch> all;
  for (const auto job : jobs) {
    const auto takes = [&](const RedisBatch& batch) {
      return batch.jobs.size() < kScriptJobs && batch.bytes + bytes(job) <= kScriptBytes &&
             alike(batch.jobs.front(), job);
    };
    const auto open = std::find_if(all.rbegin(), all.rend(), takes);  // the newest
    auto& batch = open != all.rend() ? *open : all.emplace_back();
    batch.jobs.push_back(job);
    batch.bytes += bytes(job);
  }
  return all;
}

}  // namespace aftercommit
