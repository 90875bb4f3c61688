/// A key for each paused queue; what it says is for people.
#include "broker/redis/redis_pauses.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

#include "base/epoch_ms.hpp"

namespace aftercommit {

/// A key that another program has put there pauses as well.
Pauses::Since paused_since(const redisReply& reply) {
  if (is_nil(reply)) return std::nullopt;
  const auto digits = text(reply);
  std::int64_t ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  return from_epoch_ms(ms);
}

bool redis_pause(RedisSession& session, const Queue& queue, Deadline deadline) {
  RedisPipeline commands;
  commands.add("SET", session.keys(queue).paused, epoch_ms(std::chrono::system_clock::now()), "NX");
  return !is_nil(*session.ask(commands, deadline)[0]);
}

bool redis_resume(RedisSession& session, const Queue& queue, Deadline deadline) {
  RedisPipeline commands;
  commands.add("DEL", session.keys(queue).paused);
  return session.ask(commands, deadline)[0]->integer == 1;
}

std::vector<Pauses::Since> redis_paused_since(RedisSession& session, std::span<const Queue> queues,
                                              Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) commands.add("GET", session.keys(queue).paused);
  std::vector<Pauses::Since> found;
  for (const auto& reply : session.ask(commands, deadline)) found.push_back(paused_since(*reply));
  return found;
}

}  // namespace aftercommit
