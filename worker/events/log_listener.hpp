/// Writes events to the log.
#pragma once

#include "worker/events/event.hpp"

namespace aftercommit::worker {

/// One line each, at most; of what the log does not want no field is made.  Thread-safe.
class LogListener final : public Listener {
 public:
  void on(const Event& event) override;
};

}  // namespace aftercommit::worker
