/// What an entry of a stream carries.
#pragma once

#include <string>

#include "broker/redis/wire/redis_reply.hpp"

namespace aftercommit {

/// The payload among `fields`, names and values in turn.  An entry with other fields than ours was put there
/// by somebody else; it becomes a text that no envelope looks like, so that the worker buries it.
std::string payload_of(const redisReply& fields);

}  // namespace aftercommit
