/// What private servers suffer beyond being stopped: lost or old data, a crash.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/servers/ask_redis.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit::support {

/// For PrivateRedis: what it was told is there again after kill() and start().
inline const std::vector<std::string> kKeepsData{"--appendonly", "yes", "--appendfsync", "everysec"};

/// Ends a Redis as kill -9 does, and starts it again with what its file holds, empty where it keeps none.
void restart(PrivateRedis& redis);
/// The same, with nothing.
void restart_empty(PrivateRedis& redis);

/// The data of a Redis that keeps it, as they stand now, to be put back later: an older state.
class RedisBackup {
 public:
  explicit RedisBackup(PrivateRedis& redis);
  ~RedisBackup();
  RedisBackup(const RedisBackup&) = delete;
  RedisBackup& operator=(const RedisBackup&) = delete;

  void put_back();

 private:
  PrivateRedis& redis_;  // not owned, outlives this
  const std::filesystem::path copy_;
};

/// Ends a PostgreSQL as a power cut does, apart from the disk, and starts it again.
void crash(PrivatePostgres& postgres);

}  // namespace aftercommit::support
