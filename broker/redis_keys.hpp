/// Spells every Redis key and name that the brokers of one queue share.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit {

inline constexpr std::string_view kRedisGroup = "workers";  ///< the consumer group; a consumer is a WorkerId
inline constexpr std::string_view kRedisField = "e";        ///< the one field of a stream entry: the payload

/// The keys of one queue.  The braces are a hash tag: all keys of a queue share one slot of a cluster.
struct RedisKeys {
  RedisKeys(const std::string& prefix, const std::string& queue) : RedisKeys{prefix + ":{" + queue + "}:"} {}

  std::string stream;   ///< ready and running jobs
  std::string delayed;  ///< sorted set: payloads by the ms since 1970 they are due
  std::string dead;     ///< sorted set: letters by the ms since 1970 of their death
  std::string wake;     ///< pub/sub channel: a job became due before all others that wait

 private:
  explicit RedisKeys(const std::string& stem)
      : stream{stem + "stream"}, delayed{stem + "delayed"}, dead{stem + "dead"}, wake{stem + "wake"} {}
};

}  // namespace aftercommit
