/// Picks the broker for a URL.
#include "broker/contract/broker.hpp"
#include "broker/memory/memory_broker.hpp"
#include "broker/redis/redis_broker.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

std::unique_ptr<Broker> make_broker(std::string_view url) {
  constexpr std::string_view kMemory = "memory://";
  if (!url.starts_with(kMemory)) return std::make_unique<RedisBroker>(parse_redis_url(url));
  const auto name = url.substr(kMemory.size());
  if (name.empty()) throw ConfigError{"the broker URL is wrong: memory:// must be followed by a name"};
  return std::make_unique<MemoryBroker>(name);
}

}  // namespace aftercommit
