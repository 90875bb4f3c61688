/// Where a Redis broker is, read from its URL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit {

/// How to speak TLS with a server, by names of files in PEM form.
struct RedisTlsSettings {
  std::string ca_file{};      ///< whose CAs are believed; empty: the system's
  std::string cert_file{};    ///< of a client certificate and what leads from it to its CA; empty: none
  std::string key_file{};     ///< its key, without a passphrase
  std::string server_name{};  ///< what the server's certificate must be for; empty: the host
};

/// The parts of a URL, decoded.  One of `host`, `socket_path`, `sentinels` and `nodes` is set.
struct RedisUrl {
  std::string host{};
  std::uint16_t port = 6379;
  std::string socket_path{};
  std::string user{};           ///< empty: Redis' default user
  std::string password{};       ///< empty: no AUTH, or that of the file
  std::string password_file{};  ///< read at each connecting; empty: none
  int database = 0;
  std::string prefix = "ac";
  std::string shard{};  ///< what it is called where it is one of several; empty: as its address says
  std::optional<RedisTlsSettings> tls{};  ///< none: plain
  std::vector<RedisUrl> sentinels{};      ///< who knows the address, in the order of the URL; each has a host
  std::string master{};                   ///< what they call it
  std::vector<RedisUrl> nodes{};          ///< of a cluster, whom to ask where all are; each has a host
  unsigned shards = 0;                    ///< of a cluster, how many there are in it
  std::optional<unsigned> only{};         ///< and which of them this is, from 0; none: the URL stands for all
  std::string tag{};  ///< of a cluster, the hash tag of this shard's keys; empty: each queue has its own

  /// For sentences: "cache.local:6379", "[::1]:6379", "/run/redis.sock", "shop of s1:26379, s2:26379" or
  /// "shard 0 of the cluster at n1:6379, n2:6379".  Never holds the password.
  std::string server() const;

  /// The same once its sentinels, or nodes, have told where the server is.
  RedisUrl at(std::string found_host, std::uint16_t found_port) const;
};

/// Reads the forms make_broker() describes.  Throws ConfigError naming the wrong part; it quotes nothing of
/// the URL, since in a mistyped one any part may be the password.
RedisUrl parse_redis_url(std::string_view url);

}  // namespace aftercommit
