#include "support/servers/server_faults.hpp"

namespace aftercommit::support {
namespace {

std::filesystem::path data_of(const PrivateRedis& redis) {
  return std::filesystem::path{redis.socket_path()}.parent_path() / "appendonlydir";
}

}  // namespace

void restart(PrivateRedis& redis) {
  redis.kill();
  redis.start();
}

void restart_empty(PrivateRedis& redis) {
  redis.kill();
  std::filesystem::remove_all(data_of(redis));
  redis.start();
}

RedisBackup::RedisBackup(PrivateRedis& redis) : redis_{redis}, copy_{data_of(redis).string() + ".old"} {
  std::filesystem::copy(data_of(redis), copy_, std::filesystem::copy_options::recursive);
}

RedisBackup::~RedisBackup() {
  std::error_code ignored;  // it lies in the folder that the server removes
  std::filesystem::remove_all(copy_, ignored);
}

void RedisBackup::put_back() {
  redis_.kill();
  std::filesystem::remove_all(data_of(redis_));
  std::filesystem::copy(copy_, data_of(redis_), std::filesystem::copy_options::recursive);
  redis_.start();
}

void crash(PrivatePostgres& postgres) {
  postgres.kill();
  postgres.start();
}

}  // namespace aftercommit::support
