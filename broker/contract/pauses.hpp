/// Queues that are paused, where no database says so.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// For operators, and for workers who ask.  A broker hands out the jobs of a paused queue all the same to
/// whoever fetches.  A pause is lost together with the jobs.
class Pauses : public BrokerPart {
 public:
  using Since = std::optional<std::chrono::system_clock::time_point>;

  /// Answers whether something has changed.
  virtual bool pause(const Queue& queue) = 0;
  virtual bool resume(const Queue& queue) = 0;

  /// Of each queue since when it is paused; empty: it is not.
  virtual std::vector<Since> paused_since(std::span<const Queue> queues) = 0;
};

}  // namespace aftercommit
