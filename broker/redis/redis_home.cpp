/// One script for each queue, all in one round trip.
#include "broker/redis/redis_home.hpp"

#include <algorithm>
#include <string>

namespace aftercommit {
namespace {

/// No name holds the bar.
std::string joined(const std::vector<std::string>& tasks) {
  std::string text = "|";
  for (const auto& task : tasks) text.append(task).append("|");
  return text;
}

HomeFinding::Kind kind_of(std::string_view word) {
  using Kind = HomeFinding::Kind;
  if (word == "database") return Kind::kOtherDatabase;
  if (word == "copy") return Kind::kCopy;
  return word == "task" ? Kind::kSameTask : Kind::kOtherApp;
}

}  // namespace

std::vector<std::vector<HomeFinding>> redis_claim_home(RedisSession& session, const HomeClaim& claim,
                                                       std::span<const Queue> queues, Deadline deadline) {
  const auto tasks = joined(claim.tasks);
  RedisPipeline commands;
  for (const auto& queue : queues) {
    commands.begin_script(scripts::home(), {session.keys(queue).home}, 3 + 4 * claim.databases.size());
    commands.word(claim.adopt ? "1" : "0");
    commands.word(claim.app);
    commands.word(tasks);
    for (const auto& database : claim.databases) {
      commands.word(database.alias);
      commands.word(database.token);
      commands.word(database.where);
      commands.word(database.instance);
    }
  }
  std::vector<std::vector<HomeFinding>> found;
  for (const auto& reply : session.ask(commands, deadline)) {
    auto& findings = found.emplace_back();
    const auto words = elements(*reply);
    for (std::size_t i = 0; i + 3 < words.size(); i += 4) {
      findings.push_back({.kind = kind_of(text(*words[i])),
                          .subject = std::string{text(*words[i + 1])},
                          .detail = std::string{text(*words[i + 2])},
                          .instance = std::string{text(*words[i + 3])}});
    }
  }
  return found;
}

void redis_declare_queues(RedisSession& session, std::span<const DeclaredQueue> declared, Millis time,
                          Deadline deadline) {
  RedisPipeline commands;
  for (const auto& [queue, task] : declared) {
    commands.add("SET", session.keys(queue).declared, task, "PX", std::max(time, Millis{1}).count());
  }
  if (commands.size() > 0) session.ask(commands, deadline);
}

}  // namespace aftercommit
