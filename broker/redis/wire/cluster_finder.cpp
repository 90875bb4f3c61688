/// Goes by the map of the process, has it drawn anew when it is wrong, and sees that the node answers.
#include "broker/redis/wire/cluster_finder.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/cluster_tags.hpp"

namespace aftercommit {

ClusterFinder::ClusterFinder(const RedisUrl& url) : url_{url}, slot_{cluster_slot(url.tag)} {}

ClusterFinder::~ClusterFinder() { leave_to_parent(); }

/// The map of a process that forked is never destroyed by its child, where threads that used it are not.
void ClusterFinder::leave_to_parent() {
  if (map_ && !map_->is_ours()) static_cast<void>(new std::shared_ptr<ClusterMap>{std::move(map_)});
}

ClusterMap& ClusterFinder::map() {
  leave_to_parent();
  if (!map_) map_ = ClusterMap::of(url_);
  return *map_;
}

std::unique_ptr<RedisConnection> ClusterFinder::connect(Deadline deadline) {
  for (;;) {
    const auto seen = map().rounds();
    std::string said;
    std::optional<RedisAddress> refused;
    if (std::exchange(doubted_, std::nullopt) == seen) {
      said = "the node that has it says that the cluster is down";
    } else if (const auto master = map().master_of(slot_)) {
      try {
        if (auto connection = try_node(*master, deadline, said)) return connection;
      } catch (const BrokerRefused& error) {
        // Somebody else may have its address by now.
        refused = master;
        said = error.what();
      }
    } else if (seen > 0) {
      said = "no node says that it serves slot " + std::to_string(slot_);
    }
    const auto outcome = map().refresh(seen, deadline);
    if (refused && map().master_of(slot_) == refused) throw BrokerRefused{said};
    // Where a node answers, the master will be there again or be another one; where none does, waiting helps
    // nobody.
    if (outcome.answered && std::chrono::steady_clock::now() < deadline) continue;
    std::string sentence = "cannot find " + url_.server() + ": ";
    if (!outcome.said.empty()) sentence += "no node tells where it is: " + outcome.said;
    if (outcome.said.empty()) sentence += said.empty() ? "no node has answered in time" : said;
    if (outcome.refused) throw BrokerRefused{sentence};
    throw BrokerUnavailable{sentence};
  }
}

std::unique_ptr<RedisConnection> ClusterFinder::try_node(const RedisAddress& node, Deadline deadline,
                                                         std::string& said) {
  try {
    const auto by = patience_with_node(deadline);
    auto connection = connect_to(node, by);
    connection->keep(map().hold(connection->descriptor(), node));
    RedisPipeline commands;
    commands.add("READWRITE");  // which a server that belongs to no cluster refuses
    connection->send(commands, by);
    const auto reply = connection->receive(commands, 0, by);
    host_ = node.host;
    if (!is_error(*reply) || is_error(*reply, "NOPERM")) return connection;
    said = understand(*reply, "READWRITE", connection->server()).sentence;
  } catch (const BrokerUnavailable& error) {
    said = error.what();
  }
  return nullptr;
}

std::unique_ptr<RedisConnection> ClusterFinder::connect_to(const RedisAddress& node, Deadline deadline) {
  return std::make_unique<RedisConnection>(url_.at(node.host, node.port), deadline);
}

/// The cluster may be down for that node alone, which is cut off from the others or belongs to them no more.
std::optional<RedisRedirect> ClusterFinder::redirect(const redisReply& error) {
  if (is_error(error, "CLUSTERDOWN")) doubted_ = map().rounds();
  return redirect_of(error, host_);
}

void ClusterFinder::follow(const RedisAddress& master) { map().moved(slot_, master); }

void ClusterFinder::wait_for_news(Deadline deadline) { map().await_round(map().rounds(), deadline); }

}  // namespace aftercommit
