/// The relay's calls in Redis.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/relay_target.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::relay_cursors.
std::vector<std::string> redis_relay_cursors(RedisSession& session, std::string_view source,
                                             std::span<const Queue> queues, Deadline deadline);

/// As Broker::relay_sources.
std::vector<std::string> redis_relay_sources(RedisSession& session, const Queue& queue, Deadline deadline);

/// As Broker::forget_relay_sources.
void redis_forget_relay_sources(RedisSession& session, const Queue& queue,
                                std::span<const std::string> sources, Deadline deadline);

/// As Broker::relay.
bool redis_relay(RedisSession& session, const RelayStep& step, Deadline deadline);

/// As Broker::has_durable.
std::vector<bool> redis_has_durable(RedisSession& session, const Queue& queue, std::span<const JobId> jobs,
                                    Deadline deadline);

}  // namespace aftercommit
