/// Jobs that cannot run for now, for a reason that concerns many.  They wait aside, in nobody's way.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
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

/// How the reasons begin of jobs that wait for a limit, of which there may be one for each of very many keys:
/// they are kept apart from the others.
inline constexpr std::string_view kLimitReason = "limit:";
constexpr bool is_limit_reason(std::string_view reason) noexcept { return reason.starts_with(kLimitReason); }

/// For whoever brings them back; they are put there by Settlement::Kind::kAside.
class Aside : public BrokerPart {
 public:
  /// What stands aside in these queues, in the order of the queues; not what waits for limits.
  virtual std::vector<AsideJobs> aside(std::span<const Queue> queues) = 0;
  /// Of what waits for limits in these queues some, about `some` of each queue; all of it over several calls,
  /// which go round.  A reason may be named twice, for jobs of two levels.
  virtual std::vector<AsideJobs> limited(std::span<const Queue> queues, std::size_t some) = 0;

  /// Puts up to `limit` jobs (never more than a thousand) that stand aside for this reason back among the
  /// ready ones, each last in its level, as they are: only those whose time has come, unless `all`; the most
  /// urgent first, of a level those whose time comes first.  Answers how many; fewer than asked for does not
  /// say that none is left.
  virtual std::size_t bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                 bool all) = 0;
};

}  // namespace aftercommit
