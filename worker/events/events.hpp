/// Who is told of what happens.
#pragma once

#include <vector>

#include "worker/events/event.hpp"
#include "worker/events/log_listener.hpp"

namespace aftercommit::worker {

/// The log is told first.  Thread-safe, but for add().
class Events {
 public:
  Events() = default;
  /// With one more, as by add(); null: none.
  explicit Events(Listener* more) {
    if (more != nullptr) add(*more);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// From then on `listener` is told as well: before there are threads that tell.  Not owned, outlives this.
  void add(Listener& listener) { listeners_.push_back(&listener); }

  void tell(const Event& event) const noexcept;

 private:
  LogListener log_{};
  std::vector<Listener*> listeners_{&log_};
};

}  // namespace aftercommit::worker
