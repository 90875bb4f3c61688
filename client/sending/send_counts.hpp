/// What became of jobs that were to be sent to the broker.
#pragma once

#include "base/metrics/counts.hpp"

namespace aftercommit::detail {

/// Of all senders of an app, and their threads.
struct SendCounts {
  Count sent;       ///< jobs that the broker has taken
  Count failed;     ///< that it has not, and whoever asked for them was told
  Count kept;       ///< the same, but a worker sends them later
  Count relayed;    ///< durable ones that were left to the relay
  TimeSpread took;  ///< each call of the broker
};

}  // namespace aftercommit::detail
