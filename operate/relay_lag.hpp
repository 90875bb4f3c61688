/// How far the relays are behind the job tables.
#pragma once

#include <chrono>
#include <map>
#include <span>

#include "broker/contract/relay_target.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// For each of these queues how long the first of its jobs has been committed that no relay has looked at
/// yet, whether or not its producer has brought it to Redis; zero where there is none.  As much as the time
/// between two looks is usual.  A small query or two for each queue, whatever the number of jobs.  Throws
/// what the servers throw; DatabaseUnavailable where the server is a standby.
std::map<Queue, std::chrono::milliseconds> relay_lags(const Store& store, RelayTarget& broker,
                                                      std::span<const Queue> queues);

}  // namespace aftercommit::operate
