/// Where a Redis broker is, read from its URL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aftercommit {

/// The parts of a URL, decoded.  Either `host` or `socket_path` is set.
struct RedisUrl {
  std::string host{};
  std::uint16_t port = 6379;
  std::string socket_path{};
  std::string user{};      ///< empty: Redis' default user
  std::string password{};  ///< empty: no AUTH
  int database = 0;
  std::string prefix = "ac";

  /// For sentences: "cache.local:6379", "[::1]:6379" or "/run/redis.sock".  Never holds the password.
  std::string server() const;
};

/// Reads the forms make_broker() describes.  Throws ConfigError naming the wrong part; it quotes nothing of
/// the URL, since in a mistyped one any part may be the password.
RedisUrl parse_redis_url(std::string_view url);

}  // namespace aftercommit
