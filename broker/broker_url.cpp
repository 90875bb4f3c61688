/// Picks the broker for a URL.
#include "broker/broker.hpp"
#include "broker/memory_broker.hpp"
#include "broker/redis_broker.hpp"
#include "broker/redis_url.hpp"

namespace aftercommit {

std::unique_ptr<Broker> make_broker(std::string_view url) {
  constexpr std::string_view kMemory = "memory://";
  if (!url.starts_with(kMemory)) return std::make_unique<RedisBroker>(parse_redis_url(url));
  const auto name = url.substr(kMemory.size());
  if (name.empty()) throw ConfigError{"the broker URL is wrong: memory:// must be followed by a name"};
  return std::make_unique<MemoryBroker>(name);
}

std::string masked_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto at = url.rfind('@');  // the last one: a password typed without %40 is masked whole
  if (at == std::string_view::npos || at < begin) return std::string{url};
  const auto credentials = url.substr(begin, at - begin);
  const auto colon = credentials.find(':');
  std::string masked{url.substr(0, begin)};
  if (colon != std::string_view::npos) masked += credentials.substr(0, colon + 1);
  return masked + "***" + std::string{url.substr(at)};
}

}  // namespace aftercommit
