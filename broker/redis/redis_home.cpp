/// One script for each queue, all in one round trip.
#include "broker/redis/redis_home.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

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

/// Fields as home.lua writes them.
std::vector<HomeDatabase> redis_home_of(RedisSession& session, const Queue& queue, Deadline deadline) {
  constexpr std::string_view kDatabase = "database:";
  constexpr std::string_view kInstance = "instance:";
  RedisPipeline commands;
  commands.add("HGETALL", session.keys(queue).home);
  const auto replies = session.ask(commands, deadline);
  const auto words = elements(*replies[0]);
  std::map<std::string, HomeDatabase> known;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const auto field = text(*words[i]);
    const auto value = text(*words[i + 1]);
    if (field.starts_with(kInstance)) known[std::string{field.substr(kInstance.size())}].instance = value;
    if (!field.starts_with(kDatabase)) continue;
    auto& database = known[std::string{field.substr(kDatabase.size())}];
    const auto end = std::min(value.find(' '), value.size());
    database.token = value.substr(0, end);
    database.where = value.substr(std::min(end + 1, value.size()));
  }
  std::vector<HomeDatabase> all;
  for (auto& [alias, database] : known) {
    if (database.token.empty()) continue;  // an instance without its database
    database.alias = alias;
    all.push_back(std::move(database));
  }
  return all;
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
