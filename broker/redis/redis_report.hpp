/// What a Redis server tells of itself.
#pragma once

#include "broker/contract/server_report.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::server_report.
ServerReport redis_report(RedisSession& session, Deadline deadline);

}  // namespace aftercommit
