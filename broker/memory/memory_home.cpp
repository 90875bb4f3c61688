/// Whose a queue is, in memory.
#include <algorithm>
#include <utility>

#include "broker/memory/memory_queues.hpp"

namespace aftercommit {
namespace {

using Kind = HomeFinding::Kind;

std::vector<HomeFinding> claim(MemoryQueue& queue, const HomeClaim& claim) {
  if (claim.adopt) {
    queue.home.clear();
    queue.apps.clear();
  }
  std::vector<HomeFinding> findings;
  for (const auto& database : claim.databases) {
    const auto known = queue.home.find(database.alias);
    if (known == queue.home.end()) continue;
    const auto& [alias, token, where, instance] = known->second;
    if (token != database.token) {
      findings.push_back({Kind::kOtherDatabase, alias, where});
    } else if (!instance.empty() && !database.instance.empty() && instance != database.instance) {
      findings.push_back({Kind::kCopy, alias, where, instance});
    }
  }
  for (const auto& [app, tasks] : queue.apps) {
    if (claim.app.empty() || app == claim.app) continue;
    const auto same = std::ranges::find_first_of(tasks, claim.tasks);
    findings.push_back(same == tasks.end() ? HomeFinding{Kind::kOtherApp, app}
                                           : HomeFinding{Kind::kSameTask, app, *same});
  }
  if (std::ranges::any_of(findings, [](const auto& finding) { return finding.kind != Kind::kOtherApp; })) {
    return findings;
  }
  for (const auto& database : claim.databases) {
    auto& known = queue.home[database.alias];
    auto instance = database.instance.empty() ? known.instance : database.instance;
    known = database;
    known.instance = std::move(instance);
  }
  if (!claim.app.empty()) queue.apps[claim.app] = claim.tasks;
  return findings;
}

}  // namespace

std::vector<std::vector<HomeFinding>> MemoryBroker::claim_home(const HomeClaim& given,
                                                               std::span<const Queue> queues) {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<std::vector<HomeFinding>> found;
  for (const auto& queue : queues) found.push_back(claim(shared_->queues[queue], given));
  return found;
}

std::vector<HomeDatabase> MemoryBroker::home_of(const Queue& queue) {
  const std::scoped_lock lock{shared_->mutex};
  const auto known = shared_->queues.find(queue);
  std::vector<HomeDatabase> all;
  if (known == shared_->queues.end()) return all;
  for (const auto& [alias, database] : known->second.home) all.push_back(database);
  return all;
}

void MemoryBroker::declare_queues(std::span<const DeclaredQueue> declared, Millis time) {
  const std::scoped_lock lock{shared_->mutex};
  for (const auto& [name, task] : declared) {
    auto& queue = shared_->queues[name];
    queue.declared_by = task;
    queue.declared_until_ms = now_ms() + std::max(time, Millis{1}).count();
  }
}

}  // namespace aftercommit
