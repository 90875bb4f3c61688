/// Where a server listens, as another one has told.
#pragma once

#include <cstdint>
#include <string>

#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

struct RedisAddress {
  std::string host{};
  std::uint16_t port = 0;

  std::string server() const { return RedisUrl{.host = host, .port = port}.server(); }
  bool operator==(const RedisAddress&) const = default;
};

}  // namespace aftercommit
