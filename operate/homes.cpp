#include "operate/homes.hpp"

#include <set>
#include <utility>

#include "client/job_table/home.hpp"

namespace aftercommit::operate {

Adoption adopt(Servers& servers, const Queue& queue) {
  HomeClaim claim{.adopt = true};
  std::set<Queue> queues;
  const bool all = queue.empty();
  if (!all) queues.insert(queue);
  for (auto& store : servers.stores()) {
    claim.databases.push_back(detail::read_home(store.database));
    if (!all) continue;
    for (const auto& counts : store.table.counts()) queues.insert(counts.queue);
  }
  auto& broker = servers.broker();
  if (all) {
    for (auto& known : broker.queues()) queues.insert(std::move(known));
  }
  Adoption adoption{.queues = {queues.begin(), queues.end()}, .databases = claim.databases};
  for (auto& store : servers.stores()) detail::forget_apps(store.database, adoption.queues);
  broker.claim_home(claim, adoption.queues);
  return adoption;
}

}  // namespace aftercommit::operate
