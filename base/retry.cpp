/// How long a failed job waits.
#include "aftercommit/retry.hpp"

#include <algorithm>
#include <cmath>

namespace aftercommit {
namespace {

// Keeps the cast to an integer in range, and now + wait within any clock.
constexpr double kLongestWaitMs = 100.0 * 366 * 24 * 3600 * 1000;

/// `value` within [0, 1]; 0 for NaN.
double share(double value) noexcept { return value > 0 ? std::min(value, 1.0) : 0.0; }

}  // namespace

std::chrono::milliseconds Backoff::wait(int retry, double random) const noexcept {
  double ms = 0;
  if (base.count() > 0 && cap.count() > 0) {
    ms = static_cast<double>(base.count());
    if (kind == Kind::kExponential && retry > 1) ms *= std::pow(factor, retry - 1);  // may well be infinite
    ms = std::min({kLongestWaitMs, static_cast<double>(cap.count()), std::isnan(ms) ? kLongestWaitMs : ms});
    ms *= 1.0 - share(jitter) * (1.0 - share(random));
  }
  ms = std::max({ms, 0.0, std::min(static_cast<double>(floor.count()), kLongestWaitMs)});
  return std::chrono::milliseconds{std::llround(ms)};
}

}  // namespace aftercommit
