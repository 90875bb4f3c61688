/// The Lua scripts of the Redis broker, each one atomic step; what they do stands on top of ../lua/*.lua.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit {

struct RedisScript {
  std::string_view name;  ///< for sentences: "the script ack"
  std::string text;
  std::string sha;  ///< SHA-1 of `text`: what EVALSHA calls it by
};

namespace scripts {
const RedisScript& ack();
const RedisScript& aside();
const RedisScript& bring_back();
const RedisScript& bury();
const RedisScript& celery_take();
const RedisScript& celery_taken();
const RedisScript& fetch();
const RedisScript& fetch_levels();
const RedisScript& group();
const RedisScript& held_by();
const RedisScript& home();
const RedisScript& leases();
const RedisScript& level_group();
const RedisScript& limited();
const RedisScript& promote();
const RedisScript& push();
const RedisScript& recover();
const RedisScript& relay();
const RedisScript& release();
const RedisScript& renew();
const RedisScript& remove();
const RedisScript& requeue();
const RedisScript& retire();
const RedisScript& retry();
const RedisScript& schedule();
const RedisScript& stand_aside();
}  // namespace scripts

/// Scripts never get more than this in one call: Redis serves nobody else meanwhile.
inline constexpr std::size_t kScriptJobs = 1000;
inline constexpr std::size_t kScriptBytes = 1 << 20;  ///< of payloads; a single larger one travels alone

}  // namespace aftercommit
