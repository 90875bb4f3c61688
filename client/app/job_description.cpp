#include "client/app/job_description.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "client/app/retry_policy.hpp"

namespace aftercommit::detail {
namespace {

/// "Never" must not overflow the clock, and what is over before it has begun ends now.
std::chrono::system_clock::time_point expiry(std::chrono::sys_time<std::chrono::milliseconds> now,
                                             std::chrono::milliseconds expires) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::years{100};
  const auto length = std::clamp(expires, std::chrono::milliseconds{0}, kLongest);
  return from_epoch_ms((now + length).time_since_epoch().count());
}

}  // namespace

Envelope JobDescription::job(nlohmann::json args) const {
  Envelope envelope{.id = JobId::generate(), .task = task.name, .args = std::move(args), .queue = queue};
  envelope.enqueued_at = asked_at;
  envelope.max_retries = options.max_retries;
  envelope.backoff = options.backoff;
  envelope.expires_at = expires_at;
  return envelope;
}

JobDescription describe(const TaskEntry& task, const CallOptions& options, AppCore& app) {
  std::string queue = options.queue.value_or(task.options.queue);
  if (!valid_name(queue)) {
    throw UsageError{"cannot enqueue task '" + task.name + "': queue '" + clean_text(queue, 64) +
                     "' is not a valid name: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  if (options.countdown && options.eta) {
    throw UsageError{"cannot enqueue task '" + task.name + "': give a countdown or an eta, not both"};
  }
  check_retry_policy(task.name, options.max_retries, options.backoff);

  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(app.clock().now());
  const auto expires = options.expires ? options.expires : task.options.expires;
  return {.task = task,
          .options = options,
          .queue = std::move(queue),
          .asked_at = now,
          .expires_at = expires ? std::optional{expiry(now, *expires)} : std::nullopt};
}

}  // namespace aftercommit::detail
