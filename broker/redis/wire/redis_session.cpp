/// Connects when needed, runs pipelines, and sends scripts that Redis has forgotten.
#include "broker/redis/wire/redis_session.hpp"

#include "aftercommit/error.hpp"

namespace aftercommit {

RedisConnection& RedisSession::connect(Deadline deadline) {
  if (connection_ && !connection_->usable()) connection_.reset();
  if (!connection_ && pinned_) {
    throw BrokerUnavailable{"the connection to Redis at " + url_.server() +
                            " was lost between two calls that belong together; they can be made again"};
  }
  if (!connection_) {
    connection_ = finder_->connect(deadline);
    ++connections_;
  }
  return *connection_;
}

void RedisSession::run(const RedisPipeline& commands, Deadline deadline, const TakeReply& take) {
  if (commands.size() == 0) return;
  connect(deadline);
  const auto held = connection_;  // `take` may make the session forget it
  auto& connection = *held;
  std::vector<std::size_t> forgotten;
  RedisPipeline as_text;
  std::vector<Redirected> redirected;
  const auto sort = [&](std::size_t command, Reply reply) {
    const auto redirect = is_error(*reply) ? finder_->redirect(*reply) : std::nullopt;
    if (!redirect) return take(command, std::move(reply));
    redirected.push_back({command, *redirect, std::move(reply)});
  };

  connection.send(commands, deadline);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto reply = connection.receive(commands, i, deadline);
    if (is_error(*reply, "NOSCRIPT")) {
      commands.add_as_text(i, as_text);
      forgotten.push_back(i);
    } else {
      sort(i, std::move(reply));
    }
  }
  if (!forgotten.empty()) {
    connection.send(as_text, deadline);
    for (std::size_t i = 0; i < forgotten.size(); ++i)
      sort(forgotten[i], connection.receive(as_text, i, deadline));
  }
  if (!redirected.empty()) follow(commands, std::move(redirected), deadline, take);
}

std::vector<Reply> RedisSession::ask(const RedisPipeline& commands, Deadline deadline) {
  std::vector<Reply> replies(commands.size());
  run(commands, deadline, [&](std::size_t command, Reply reply) { replies[command] = std::move(reply); });
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (is_error(*replies[i])) understand(*replies[i], commands.what(i)).raise();
  }
  return replies;
}

RedisRefusal RedisSession::understand(const redisReply& error, std::string_view what) {
  auto refusal = aftercommit::understand(error, what, connection_ ? connection_->server() : url_.server());
  if (refusal.reconnects) disconnect();
  return refusal;
}

const RedisKeys& RedisSession::keys(const Queue& queue) {
  const auto found = keys_.find(queue);
  return found != keys_.end() ? found->second
                              : keys_.try_emplace(queue, url_.prefix, url_.tag, queue).first->second;
}

}  // namespace aftercommit
