/// Subscribes to the wake channels of queues.
#include "broker/redis/jobs/redis_wake.hpp"

#include <algorithm>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_keys.hpp"

namespace aftercommit {

bool RedisWake::wait(std::span<const Queue> queues, Millis timeout, Deadline subscribe_by) {
  if (!connection_ || !std::ranges::equal(queues, queues_)) {
    subscribe(queues, subscribe_by);
    return true;  // what was published before is lost
  }
  try {
    bool woken = false;
    auto until = std::chrono::steady_clock::now() + timeout;
    while (connection_->overhear(until)) {
      woken = true;
      until = {};  // one look serves all signs that have come
    }
    return woken;
  } catch (const BrokerUnavailable&) {
    connection_.reset();  // the next call says what is wrong, if it still is
    return true;
  }
}

void RedisWake::subscribe(std::span<const Queue> queues, Deadline deadline) {
  connection_.reset();
  auto connection = finder_->connect(deadline);
  RedisPipeline commands;
  for (const auto& queue : queues) commands.add("SUBSCRIBE", RedisKeys{url_.prefix, queue}.wake);
  connection->send(commands, deadline);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto reply = connection->receive(commands, i, deadline);
    if (is_error(*reply)) understand(*reply, commands.what(i), connection->server()).raise();
  }
  queues_.assign(queues.begin(), queues.end());
  connection_ = std::move(connection);
}

}  // namespace aftercommit
