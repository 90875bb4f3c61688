/// One script for each queue tells what stands aside there, one call brings jobs back.
#include "broker/redis/jobs/redis_aside.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace aftercommit {

std::vector<AsideJobs> redis_aside(RedisSession& session, std::span<const Queue> queues, Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    const auto& keys = session.keys(queue);
    std::vector<std::string_view> reasons;
    for (const auto level : kAllLevels) reasons.push_back(keys.at(level).aside);
    commands.begin_script(scripts::stand_aside(), reasons, 0);
  }
  std::vector<AsideJobs> found;
  const auto replies = session.ask(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto words = elements(*replies[i]);
    for (std::size_t j = 0; j + 1 < words.size(); j += 2) {
      found.push_back(
          {queues[i], std::string{text(*words[j])}, static_cast<std::size_t>(words[j + 1]->integer)});
    }
  }
  return found;
}

std::vector<AsideJobs> redis_limited(RedisSession& session, std::span<const Queue> queues, std::size_t some,
                                     LimitedCursors& cursors, Deadline deadline) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    const auto& keys = session.keys(queue);
    auto& of_queue = cursors[queue];
    for (const auto level : kAllLevels) {
      auto& cursor = of_queue.at(index_of(level));
      if (cursor.empty()) cursor = "0";
      commands.begin_script(scripts::limited(), {keys.at(level).limited}, 2);
      commands.word(cursor);
      commands.word(some);
    }
  }
  std::vector<AsideJobs> found;
  const auto replies = session.ask(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto& queue = queues[i / kLevels];
    const auto words = elements(*replies[i]);
    cursors[queue].at(i % kLevels) = text(*words[0]);
    for (std::size_t j = 1; j + 1 < words.size(); j += 2) {
      found.push_back({queue, std::string{text(*words[j])}, static_cast<std::size_t>(words[j + 1]->integer)});
    }
  }
  return found;
}

std::size_t redis_bring_back(RedisSession& session, const Queue& queue, const std::string& reason,
                             std::size_t limit, bool all, Deadline deadline) {
  const auto& keys = session.keys(queue);
  std::array<std::string, kLevels> aside;
  std::vector<std::string_view> words;
  for (const auto level : kAllLevels) {
    const auto& of_level = keys.at(level);
    auto& jobs = aside.at(index_of(level)) = of_level.aside_for(reason);
    words.insert(words.end(), {of_level.stream, of_level.reasons_of(reason), jobs});
  }
  RedisPipeline commands;
  commands.begin_script(scripts::bring_back(), words, 4);
  commands.word(reason);
  commands.word(std::min(limit, kScriptJobs));
  commands.word(kScriptBytes);
  commands.word(all ? "1" : "0");
  return static_cast<std::size_t>(session.ask(commands, deadline)[0]->integer);
}

}  // namespace aftercommit
