/// Leases of workers in Redis, and what becomes of the jobs of one whose lease has ended.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "broker/contract/intake.hpp"
#include "broker/contract/leases.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::renew_lease.
std::vector<Lease> redis_renew_lease(RedisSession& session, const WorkerId& worker,
                                     std::span<const Queue> queues, Millis lease, Deadline deadline);

/// As Broker::leases.
std::vector<LeaseView> redis_leases(RedisSession& session, std::span<const Queue> queues, Millis lease,
                                    Deadline deadline);

/// As Broker::recover.
std::size_t redis_recover(RedisSession& session, const WorkerId& worker, std::span<const Queue> queues,
                          std::size_t limit, const std::string& mark, Deadline deadline);

/// As Broker::held_by.
std::vector<Fetched> redis_held_by(RedisSession& session, const WorkerId& worker, const Queue& queue,
                                   std::span<const std::string> entries, Deadline deadline);

/// As Broker::retire.
void redis_retire(RedisSession& session, const WorkerId& worker, std::span<const Queue> queues,
                  Deadline deadline);

}  // namespace aftercommit
