/// Finds the node of a cluster that has the keys of one shard.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "broker/redis/wire/cluster_map.hpp"
#include "broker/redis/wire/redis_finder.hpp"

namespace aftercommit {

/// While a failover is under way, connect() waits for its end.
class ClusterFinder final : public RedisFinder {
 public:
  explicit ClusterFinder(const RedisUrl& url);
  ~ClusterFinder() override;
  ClusterFinder(const ClusterFinder&) = delete;
  ClusterFinder& operator=(const ClusterFinder&) = delete;

  std::unique_ptr<RedisConnection> connect(Deadline deadline) override;

  std::optional<RedisRedirect> redirect(const redisReply& error) override;
  void follow(const RedisAddress& master) override;
  std::unique_ptr<RedisConnection> connect_to(const RedisAddress& node, Deadline deadline) override;
  void wait_for_news(Deadline deadline) override;

 private:
  std::unique_ptr<RedisConnection> try_node(const RedisAddress& node, Deadline deadline, std::string& said);
  ClusterMap& map();
  void leave_to_parent();

  const RedisUrl url_;
  const unsigned slot_;
  std::string host_;                      // that the last connection led to
  std::optional<std::uint64_t> doubted_;  // the map as it was after so many rounds
  std::shared_ptr<ClusterMap> map_;
};

}  // namespace aftercommit
