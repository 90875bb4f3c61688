/// The clock of the machine.
#include "aftercommit/clock.hpp"

namespace aftercommit {
namespace {

class SystemClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return std::chrono::system_clock::now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace

const Clock& system_clock() noexcept {
  // Never destroyed: threads may still read it while the process ends.
  static const auto& clock = *new const SystemClock;  // NOLINT(bugprone-unhandled-exception-at-new)
  return clock;
}

}  // namespace aftercommit
