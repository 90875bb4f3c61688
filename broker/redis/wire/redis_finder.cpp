/// An address that does not change; the others have files of their own.
#include "broker/redis/wire/redis_finder.hpp"

#include "aftercommit/error.hpp"
#include "broker/redis/wire/cluster_finder.hpp"
#include "broker/redis/wire/sentinel_finder.hpp"

namespace aftercommit {
namespace {

class OneAddress final : public RedisFinder {
 public:
  explicit OneAddress(const RedisUrl& url) : url_{url} {}
  std::unique_ptr<RedisConnection> connect(Deadline deadline) override {
    return std::make_unique<RedisConnection>(url_, deadline);
  }

 private:
  const RedisUrl url_;
};

}  // namespace

std::unique_ptr<RedisConnection> RedisFinder::connect_to(const RedisAddress& node, Deadline /*deadline*/) {
  throw BrokerRefused{"there is no cluster in which Redis at " + node.server() + " could be a node"};
}

std::unique_ptr<RedisFinder> make_redis_finder(const RedisUrl& url) {
  if (!url.sentinels.empty()) return std::make_unique<SentinelFinder>(url);
  if (!url.nodes.empty()) return std::make_unique<ClusterFinder>(url);
  return std::make_unique<OneAddress>(url);
}

}  // namespace aftercommit
