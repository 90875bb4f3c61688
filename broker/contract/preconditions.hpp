/// What the brokers ask of their callers.
#pragma once

#include "broker/contract/enqueue_target.hpp"
#include "broker/contract/relay_target.hpp"

namespace aftercommit {

/// Throws UsageError where a relay step holds more jobs than one step may, or jobs that do not belong there.
void require_relayable(const RelayStep& step);

/// Throws UsageError where `job` belongs to another queue than the dead letter that it replaces.
void require_same_queue(const Queue& queue, const Outgoing& job);

}  // namespace aftercommit
