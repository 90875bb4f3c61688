/// Sends durable jobs and waits for no answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "broker/broker.hpp"
#include "broker/redis_connection.hpp"
#include "broker/redis_session.hpp"

namespace aftercommit {

/// Over a connection of its own, on which answers are read when the next jobs are sent.  Not thread-safe.
class RedisPoster {
 public:
  /// Takes keys and URL from `session`; not owned, outlives this.
  explicit RedisPoster(RedisSession& session) : session_{session} {}

  /// As Broker::post.
  void post(std::span<const Outgoing> jobs, Deadline deadline);

 private:
  std::optional<RedisRefusal> take_answers(Deadline deadline);
  void send(const RedisPipeline& commands, Deadline deadline);
  void disconnect();

  RedisSession& session_;
  std::unique_ptr<RedisConnection> connection_;
  std::size_t unanswered_ = 0;  // commands
  bool knows_scripts_ = false;  // the server; one that was restarted does not
};

}  // namespace aftercommit
