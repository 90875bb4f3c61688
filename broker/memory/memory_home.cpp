/// Whose a queue is, in memory.
#include <algorithm>

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
    if (known == queue.home.end() || known->second.token == database.token) continue;
    findings.push_back({Kind::kOtherDatabase, database.alias, known->second.where});
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
  for (const auto& database : claim.databases) queue.home[database.alias] = database;
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

}  // namespace aftercommit
