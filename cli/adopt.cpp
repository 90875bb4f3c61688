/// `aftercommit adopt`: says that the jobs of a queue belong to the databases that are given.
#include <iostream>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "operate/homes.hpp"

namespace aftercommit::cli {

int adopt(const Options& options) {
  operate::Servers servers{options.connections, warn};
  if (servers.stores().empty()) {
    throw UsageError{"adopt needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  const auto adoption = operate::adopt(servers, options.queue);
  for (const auto& queue : adoption.queues) {
    for (const auto& database : adoption.databases) {
      std::cout << "queue " << one_line(queue, 64) << ": '" << database.alias << "' is "
                << one_line(database.where, 300) << '\n';
    }
  }
  if (adoption.queues.empty()) std::cout << "no queue is known\n";
  return kExitDone;
}

}  // namespace aftercommit::cli
