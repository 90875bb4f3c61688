/// Whose the jobs of a queue are, as an operator decides it.
#pragma once

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

}  // namespace aftercommit::operate
