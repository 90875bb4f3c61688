/// Picks the broker for a URL.
#include "broker/contract/broker.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/contract/shards.hpp"
#include "broker/memory/memory_broker.hpp"
#include "broker/none/none_broker.hpp"
#include "broker/redis/redis_broker.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "broker/shards/sharded_broker.hpp"

namespace aftercommit {
namespace {

constexpr std::string_view kMemory = "memory://";

}  // namespace

std::unique_ptr<Broker> make_broker(std::string_view url) {
  if (is_no_redis(url)) return std::make_unique<NoneBroker>();
  if (Shards shards{url}; shards.several()) return std::make_unique<ShardedBroker>(std::move(shards));
  if (!url.starts_with(kMemory)) return std::make_unique<RedisBroker>(parse_redis_url(url));
  const auto name = url.substr(kMemory.size());
  if (name.empty()) throw ConfigError{"the broker URL is wrong: memory:// must be followed by a name"};
  return std::make_unique<MemoryBroker>(name);
}

void set_broker_clock(std::string_view url, const Clock* clock) {
  const Shards shards{url};
  for (const auto& shard : shards.all()) {
    const std::string_view one{shard.url};
    if (one.starts_with(kMemory)) MemoryBroker{one.substr(kMemory.size())}.share_clock(clock);
  }
}

}  // namespace aftercommit
