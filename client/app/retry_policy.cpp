#include "client/app/retry_policy.hpp"

#include <chrono>
#include <cmath>
#include <string>

#include "aftercommit/error.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::detail {

void check_retry_policy(std::string_view task, std::optional<int> max_retries,
                        const std::optional<Backoff>& backoff,
                        std::optional<std::chrono::milliseconds> retry_for) {
  const auto refuse = [&](const std::string& why) {
    throw UsageError{"task '" + std::string{task} + "': " + why};
  };
  if (max_retries && (*max_retries < 0 || *max_retries >= kMaxAttempts)) {
    refuse("max_retries is 0 to " + std::to_string(kMaxAttempts - 1) + ", not " +
           std::to_string(*max_retries));
  }
  constexpr std::chrono::milliseconds kNone{0};
  if (retry_for && *retry_for < kNone) {
    refuse("retry_for is a length of time, 0 or more, not " + std::to_string(retry_for->count()) + " ms");
  }
  if (!backoff) return;
  if (backoff->base < kNone || backoff->cap < kNone || backoff->floor < kNone)
    refuse("a backoff cannot wait less than 0 ms");
  if (backoff->floor > backoff->cap) {
    refuse("the floor of a backoff, " + std::to_string(backoff->floor.count()) + " ms, is at most its cap, " +
           std::to_string(backoff->cap.count()) + " ms");
  }
  if (!std::isfinite(backoff->factor) || backoff->factor < 1) refuse("the factor of a backoff is 1 or more");
  if (!(backoff->jitter >= 0 && backoff->jitter <= 1)) refuse("the jitter of a backoff is 0 to 1");
}

}  // namespace aftercommit::detail
