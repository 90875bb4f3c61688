/// TLS on a socket to Redis.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "broker/redis/wire/redis_url.hpp"
#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {

/// Reads and writes as a RedisSocket does, and never waits otherwise; never the cause of a SIGPIPE.  Says
/// nothing when destroyed: after a fork the other process may still talk on the connection.
class RedisTls {
 public:
  /// Greets the server on a socket that is connected, and checks its certificate for `host`, or the name that
  /// the settings give it.  The socket is not owned and outlives this.  Throws SocketError, which says what
  /// did not hold.
  RedisTls(int fd, const RedisTlsSettings& settings, const std::string& host, Deadline deadline);
  ~RedisTls();
  RedisTls(const RedisTls&) = delete;
  RedisTls& operator=(const RedisTls&) = delete;

  void send(std::string_view bytes, Deadline deadline);
  std::string_view receive(std::span<char> buffer, Deadline deadline);
  /// What the protocol itself has to say, as new tickets for sessions, is no noise.
  bool quiet() noexcept;

 private:
  class Link;
  const std::unique_ptr<Link> link_;
};

}  // namespace aftercommit
