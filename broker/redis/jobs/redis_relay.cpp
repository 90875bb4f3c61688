/// Jobs and the cursor of their job table, in one script.
#include "broker/redis/jobs/redis_relay.hpp"

#include <algorithm>

#include "broker/contract/preconditions.hpp"
#include "broker/redis/jobs/redis_enqueue.hpp"

namespace aftercommit {

std::vector<std::string> redis_relay_cursors(RedisSession& session, std::string_view source,
                                             std::span<const Queue> queues, Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) commands.add("HGET", session.keys(queue).relay, source);
  std::vector<std::string> cursors;
  for (const auto& reply : session.ask(commands, deadline)) cursors.emplace_back(text(*reply));
  return cursors;
}

std::vector<std::string> redis_relay_sources(RedisSession& session, const Queue& queue, Deadline deadline) {
  RedisPipeline commands;
  commands.add("HKEYS", session.keys(queue).relay);
  const auto replies = session.ask(commands, deadline);
  std::vector<std::string> sources;
  for (const auto* source : elements(*replies[0])) sources.emplace_back(text(*source));
  return sources;
}

void redis_forget_relay_sources(RedisSession& session, const Queue& queue,
                                std::span<const std::string> sources, Deadline deadline) {
  RedisPipeline commands;
  for (const auto& source : sources) commands.add("HDEL", session.keys(queue).relay, source);
  session.ask(commands, deadline);
}

bool redis_relay(RedisSession& session, const RelayStep& step, Deadline deadline) {
  require_relayable(step);
  const auto& keys = session.keys(step.queue);
  RedisPipeline commands;
  commands.begin_script(scripts::relay(), {keys.stream, keys.delayed, keys.durable, keys.relay},
                        4 + kTakenWords * step.jobs.size());
  commands.word(keys.wake);
  commands.word(step.source);
  commands.word(step.expected);
  commands.word(step.next);
  for (const auto& job : step.jobs) add_taken(job, commands);
  return session.ask(commands, deadline)[0]->integer == 1;
}

std::vector<bool> redis_has_durable(RedisSession& session, const Queue& queue, std::span<const JobId> jobs,
                                    Deadline deadline) {
  RedisPipeline commands;
  for (auto rest = jobs; !rest.empty();) {
    const auto batch = rest.first(std::min(rest.size(), kScriptJobs));
    rest = rest.subspan(batch.size());
    commands.begin("SMISMEMBER", 1 + batch.size());
    commands.word(session.keys(queue).durable);
    for (const auto& job : batch) commands.word(durable_member(job));
  }
  std::vector<bool> found;
  for (const auto& reply : session.ask(commands, deadline)) {
    for (const auto* answer : elements(*reply)) found.push_back(answer->integer == 1);
  }
  return found;
}

}  // namespace aftercommit
