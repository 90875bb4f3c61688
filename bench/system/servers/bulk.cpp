#include "bench/system/servers/bulk.hpp"

#include <algorithm>
#include <vector>

namespace aftercommit::bench {

void enqueue_in_bulk(const Task<std::int64_t, std::string>& task, std::int64_t jobs,
                     const CallOptions& options, const std::string& name, std::int64_t per_call) {
  std::vector<TaskCall<std::int64_t, std::string>> calls;
  for (std::int64_t first = 0; first < jobs; first += per_call) {
    calls.clear();
    for (auto i = first; i < std::min(first + per_call, jobs); ++i) calls.emplace_back(i, name);
    task.apply_async_many(options, calls);
  }
}

}  // namespace aftercommit::bench
