/// `aftercommit adopt`: says that the jobs of a queue belong to the databases that are given.
#include <iostream>
#include <set>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "client/job_table/home.hpp"

namespace aftercommit::cli {

int adopt(const Options& options) {
  Servers servers{options.connections};
  if (servers.stores().empty()) {
    throw UsageError{"adopt needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  HomeClaim claim{.adopt = true};
  std::set<Queue> queues;
  for (auto& store : servers.stores()) {
    claim.databases.push_back(detail::read_home(store.database));
    if (!options.all) continue;
    for (const auto& counts : store.table.counts()) queues.insert(counts.queue);
  }
  auto& broker = servers.broker();
  if (options.all) {
    for (auto& queue : broker.queues()) queues.insert(std::move(queue));
  } else {
    queues.insert(options.queue);
  }
  const std::vector<Queue> all(queues.begin(), queues.end());
  for (auto& store : servers.stores()) detail::forget_apps(store.database, all);
  broker.claim_home(claim, all);
  for (const auto& queue : all) {
    for (const auto& database : claim.databases) {
      std::cout << "queue " << one_line(queue, 64) << ": '" << database.alias << "' is "
                << one_line(database.where, 300) << '\n';
    }
  }
  if (all.empty()) std::cout << "no queue is known\n";
  return kExitDone;
}

}  // namespace aftercommit::cli
