/// What a node of a cluster answers when it does not have the keys, or not all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/redis/wire/redis_address.hpp"
#include "broker/redis/wire/redis_reply.hpp"

namespace aftercommit {

/// Nothing has been done of what was asked.
struct RedisRedirect {
  enum class Kind : std::uint8_t {
    kMoved,  ///< the slot is there, for good
    kAsk,    ///< the slot is on its way there: these keys have arrived, for this one question
    kAgain,  ///< some keys are here and some there, for a moment
  };
  Kind kind;
  RedisAddress to{};  ///< not of kAgain
};

/// None: the error is another one.  `asked`: the host that answered, for a node that does not tell its own.
std::optional<RedisRedirect> redirect_of(const redisReply& error, std::string_view asked);

}  // namespace aftercommit
