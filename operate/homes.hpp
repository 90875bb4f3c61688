/// Whose the jobs of a queue are, as an operator decides it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "broker/contract/homes.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// These queues belong to these databases now.
struct Adoption {
  std::vector<Queue> queues{};  ///< sorted
  std::vector<HomeDatabase> databases{};
};

/// Says that the jobs of a queue, or where it is empty of all queues that Redis or a job table knows, belong
/// to the databases, whatever was known before, and forgets the apps.  All servers have to answer.
Adoption adopt(Servers& servers, const Queue& queue);

/// The aliases of the databases that answer and that hold the rows of this queue's jobs, as far as anybody
/// has said: before rows go that a relay or a worker of other servers counts on.  UsageError, in a sentence,
/// where Redis knows the queue as another database's, or knows nothing of it though a database knows apps
/// that have served it; BrokerUnavailable where Redis cannot be asked, else throws as
/// Servers::look_at_each().  Claims nothing.
std::set<std::string> require_home(Servers& servers, const Queue& queue);

}  // namespace aftercommit::operate
