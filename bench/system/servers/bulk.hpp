/// Jobs in calls of a usual size.
#pragma once

#include <cstdint>
#include <string>

#include "bench/system/tasks/tasks.hpp"

namespace aftercommit::bench {

constexpr std::int64_t kBulk = 1000;

/// Numbered from 0.  `per_call`: a call is a round trip and, for durable jobs, a transaction.
void enqueue_in_bulk(const Task<std::int64_t, std::string>& task, std::int64_t jobs,
                     const CallOptions& options = {}, const std::string& name = "welcome",
                     std::int64_t per_call = kBulk);

}  // namespace aftercommit::bench
