/// The jobs that are due later.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

struct Promotion {
  std::size_t promoted = 0;          ///< delayed jobs that became ready
  std::optional<Millis> next_due{};  ///< until the next one is due; empty if none waits
};

/// For whoever makes ready what is due.
class DelayedJobs : public BrokerPart {
 public:
  /// Moves due jobs of these queues, oldest first, to the ready ones, up to `limit` for each level of a queue
  /// and never more than a thousand; `next_due` is zero when there are more to move.
  virtual Promotion promote(std::span<const Queue> queues, std::size_t limit) = 0;

  /// Waits up to `timeout` for a sign that promote has new work sooner than it last said: a job was added
  /// that is due before all others.  A hint: signs may be missed, so keep `timeout` to a second or so.
  /// True if there was a sign, or may have been one unheard: at the first call, for other queues than last
  /// time, and when the connection broke.
  virtual bool await_schedule(std::span<const Queue> queues, Millis timeout) = 0;
};

}  // namespace aftercommit
