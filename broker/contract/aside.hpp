/// Jobs that cannot run for now, for a reason that concerns many.  They wait aside, in nobody's way.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// Jobs of one queue that stand aside for one reason.
struct AsideJobs {
  Queue queue;
  std::string reason;
  std::size_t jobs = 0;
};

/// For whoever brings them back; they are put there by Settlement::Kind::kAside.
class Aside : public BrokerPart {
 public:
  /// What stands aside in these queues, in the order of the queues.
  virtual std::vector<AsideJobs> aside(std::span<const Queue> queues) = 0;

  /// Puts up to `limit` jobs (never more than a thousand) that stand aside for this reason back among the
  /// ready ones, each last in its level, as they are: only those whose time has come, unless `all`; the most
  /// urgent first, of a level those whose time comes first.  Answers how many; fewer than asked for does not
  /// say that none is left.
  virtual std::size_t bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                 bool all) = 0;
};

}  // namespace aftercommit
