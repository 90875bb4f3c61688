#include "worker/events/events.hpp"

#include "base/log/log_stream.hpp"

namespace aftercommit::worker {

void Events::tell(const Event& event) const noexcept {
  for (auto* const listener : listeners_) {
    try {
      listener->on(event);
    } catch (...) {
      standard_error().lost();  // no memory: the log says that lines are missing
    }
  }
}

}  // namespace aftercommit::worker
