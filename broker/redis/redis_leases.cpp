/// Each call is one script for each queue; a worker with very many jobs is recovered in several.
#include "broker/redis/redis_leases.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/epoch_ms.hpp"
#include "broker/redis/jobs/redis_entry.hpp"
#include "broker/redis/jobs/redis_stream_id.hpp"

namespace aftercommit {
namespace {

Lease lease_of(const redisReply& answer) {
  return answer.integer == 1 ? Lease::kHeld : answer.integer == 0 ? Lease::kLapsed : Lease::kNew;
}

/// Of a script that is about all jobs of a worker: the workers, then the stream of each level.
std::vector<std::string_view> workers_and_streams(const RedisKeys& keys) {
  std::vector<std::string_view> words{keys.workers};
  for (const auto level : kAllLevels) words.push_back(keys.at(level).stream);
  return words;
}

}  // namespace

std::vector<Lease> redis_renew_lease(RedisSession& session, const WorkerId& worker,
                                     std::span<const Queue> queues, Millis lease, Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    commands.begin_script(scripts::renew(), {session.keys(queue).workers}, 2);
    commands.word(worker);
    commands.word(countdown_ms(lease));
  }
  std::vector<Lease> found;
  for (const auto& reply : session.ask(commands, deadline)) found.push_back(lease_of(*reply));
  return found;
}

std::vector<LeaseView> redis_leases(RedisSession& session, std::span<const Queue> queues, Millis lease,
                                    Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    commands.begin_script(scripts::leases(), workers_and_streams(session.keys(queue)), 1);
    commands.word(countdown_ms(lease));
  }
  std::vector<LeaseView> found;
  const auto replies = session.ask(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto words = elements(*replies[i]);
    for (std::size_t at = 0; at + 2 < words.size(); at += 3) {
      found.push_back({queues[i], std::string{text(*words[at])}, std::string{text(*words[at + 1])},
                       Millis{words[at + 2]->integer}});
    }
  }
  return found;
}

std::size_t redis_recover(RedisSession& session, const WorkerId& worker, std::span<const Queue> queues,
                          std::size_t limit, const std::string& mark, Deadline deadline) {
  std::size_t all = 0;
  for (const auto& queue : queues) {
    const auto keys = workers_and_streams(session.keys(queue));
    for (std::size_t put_back = 0, more = 1; more != 0 && put_back < limit;) {
      RedisPipeline commands;
      commands.begin_script(scripts::recover(), keys, 4);
      commands.word(worker);
      commands.word(std::min(limit - put_back, kScriptJobs));
      commands.word(kScriptBytes);
      commands.word(mark);
      const auto replies = session.ask(commands, deadline);
      const auto answer = elements(*replies[0]);
      put_back += static_cast<std::size_t>(answer[0]->integer);
      all += static_cast<std::size_t>(answer[0]->integer);
      more = static_cast<std::size_t>(answer[1]->integer);
    }
  }
  return all;
}

std::vector<Fetched> redis_held_by(RedisSession& session, const WorkerId& worker, const Queue& queue,
                                   std::span<const std::string> entries, Deadline deadline) {
  std::array<std::vector<std::string_view>, kLevels> of_level;
  for (const auto& entry : entries) {
    const auto name = EntryName::parse(entry);
    if (!StreamId::parse(name.id)) continue;  // what is no entry id of a stream is held by nobody
    of_level.at(index_of(name.level)).push_back(name.id);
  }
  RedisPipeline commands;
  std::vector<Priority> asked;  // by each command
  for (const auto level : kAllLevels) {
    for (auto rest = std::span<const std::string_view>{of_level.at(index_of(level))}; !rest.empty();) {
      const auto batch = rest.first(std::min(rest.size(), kScriptJobs));
      rest = rest.subspan(batch.size());
      const auto [lowest, highest] = std::ranges::minmax_element(batch, {}, &StreamId::parse);
      commands.begin_script(scripts::held_by(), {session.keys(queue).at(level).stream}, 3 + batch.size());
      commands.word(worker);
      commands.word(*lowest);
      commands.word(*highest);
      for (const auto id : batch) commands.word(id);
      asked.push_back(level);
    }
  }
  std::vector<Fetched> found;
  const auto replies = session.ask(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    for (const auto* entry : elements(*replies[i])) {
      const EntryName name{text(*elements(*entry)[0]), asked[i]};
      found.push_back({queue, name.str(), payload_of(*elements(*entry)[1])});
    }
  }
  return found;
}

void redis_retire(RedisSession& session, const WorkerId& worker, std::span<const Queue> queues,
                  Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    commands.begin_script(scripts::retire(), workers_and_streams(session.keys(queue)), 1);
    commands.word(worker);
  }
  session.ask(commands, deadline);
}

}  // namespace aftercommit
