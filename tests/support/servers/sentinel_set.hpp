/// A replica beside a master, and three sentinels that watch over both, all of a test's own.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/servers/private_redis.hpp"
#include "support/servers/reserved_port.hpp"

namespace aftercommit::support {

/// One redis-sentinel.  It keeps its port when it is started again.
class PrivateSentinel {
 public:
  /// Watches over the master at 127.0.0.1:`master_port`; `lines` are more of its configuration.
  /// Where these have a certificate, it speaks TLS alone.
  PrivateSentinel(std::uint16_t master_port, const std::string& lines);
  ~PrivateSentinel();
  PrivateSentinel(const PrivateSentinel&) = delete;
  PrivateSentinel& operator=(const PrivateSentinel&) = delete;

  std::uint16_t port() const { return port_.number(); }
  std::string at() const { return "127.0.0.1:" + std::to_string(port()); }
  void start();
  void kill();

 private:
  const std::filesystem::path folder_;
  const ReservedPort port_;
  pid_t process_ = 0;  // 0: not running
};

/// They call the master "shop", take it for down after half a second, and two must agree.
class SentinelSet {
 public:
  /// Waits until they know each other and the replica.  `lines` are more of the sentinels' configuration.
  explicit SentinelSet(PrivateRedis& master, const std::string& lines = "");

  /// "redis+sentinel://127.0.0.1:...,127.0.0.1:.../shop", for parameters to follow.
  std::string url(const std::string& credentials = "", const std::string& master = "shop") const;

  /// The port where this sentinel says that the master is; 0: it says nothing.
  std::uint16_t named_by(std::size_t sentinel) const;
  /// Waits until one of them says that it is there; false at the deadline.
  bool comes_to_be(const PrivateRedis& master) const;

  /// Waits until it is a replica that has all there is; false at the deadline.
  static bool comes_to_follow(const PrivateRedis& server);

  PrivateRedis& first;  ///< at first the master; not owned, outlives this
  PrivateRedis second;  ///< at first the replica
  std::array<std::unique_ptr<PrivateSentinel>, 3> sentinels;
};

}  // namespace aftercommit::support
