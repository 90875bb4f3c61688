/// Subscribes to the wake channels of queues.
#include "broker/redis/jobs/redis_wake.hpp"

#include <algorithm>
#include <optional>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_keys.hpp"

namespace aftercommit {
namespace {

/// A node of a cluster whose slot has gone says so to those who listen to channels of it.
bool is_farewell(const redisReply& sign) {
  const auto words = elements(sign);
  return !words.empty() && text(*words[0]) == "sunsubscribe";
}

}  // namespace

bool RedisWake::wait(std::span<const Queue> queues, Millis timeout, Deadline subscribe_by) {
  if (!connection_ || !std::ranges::equal(queues, queues_)) {
    subscribe(queues, subscribe_by);
    return true;  // what was published before is lost
  }
  try {
    bool woken = false;
    auto until = std::chrono::steady_clock::now() + timeout;
    while (const auto sign = connection_->overhear(until)) {
      woken = true;
      until = {};  // one look serves all signs that have come
      if (is_farewell(*sign)) throw BrokerUnavailable{"its slot has gone to another node"};
    }
    return woken;
  } catch (const BrokerUnavailable&) {
    connection_.reset();  // the next call says what is wrong, if it still is
    return true;
  }
}

void RedisWake::subscribe(std::span<const Queue> queues, Deadline deadline) {
  connection_.reset();
  const bool in_cluster = !url_.tag.empty();
  RedisPipeline commands;
  for (const auto& queue : queues)
    commands.add(in_cluster ? "SSUBSCRIBE" : "SUBSCRIBE", RedisKeys{url_.prefix, url_.tag, queue}.wake);
  constexpr int kTries = 3;  // nodes that do not agree who has the slot do so soon
  for (int left = kTries; left > 0; --left) {
    auto connection = finder_->connect(deadline);
    connection->send(commands, deadline);
    std::optional<RedisRedirect> moved;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const auto reply = connection->receive(commands, i, deadline);
      if (!is_error(*reply)) continue;
      moved = finder_->redirect(*reply);
      if (!moved) understand(*reply, commands.what(i), connection->server()).raise();
    }
    if (!moved) {
      queues_.assign(queues.begin(), queues.end());
      connection_ = std::move(connection);
      return;
    }
    if (moved->kind == RedisRedirect::Kind::kMoved) finder_->follow(moved->to);
  }
  throw BrokerUnavailable{"the nodes of the cluster of " + url_.server() +
                          " do not agree on who has its channels"};
}

}  // namespace aftercommit
