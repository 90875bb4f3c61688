#include "client/app/job_description.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "broker/envelope/trace_field.hpp"
#include "client/app/retry_policy.hpp"
#include "client/app/unique_jobs.hpp"

namespace aftercommit::detail {
namespace {

/// "Never" must not overflow the clock, and what is over before it has begun ends now.
std::chrono::system_clock::time_point expiry(std::chrono::sys_time<std::chrono::milliseconds> now,
                                             std::chrono::milliseconds expires) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::years{100};
  const auto length = std::clamp(expires, std::chrono::milliseconds{0}, kLongest);
  return from_epoch_ms((now + length).time_since_epoch().count());
}

/// Less than nothing is none, as nothing is.
std::optional<std::chrono::milliseconds> time_limit(std::optional<std::chrono::milliseconds> limit) {
  return limit ? std::optional{std::max(*limit, std::chrono::milliseconds{0})} : std::nullopt;
}

}  // namespace

Envelope JobDescription::pattern() const {
  Envelope envelope{.id = JobId::generate(), .task = task.name, .queue = queue};
  envelope.enqueued_at = asked_at;
  envelope.max_retries = options.max_retries;
  envelope.backoff = options.backoff;
  envelope.retry_for = options.retry_for;
  envelope.expires_at = expires_at;
  envelope.tick_at = options.tick;
  envelope.time_limit = time_limit(options.time_limit);
  envelope.soft_time_limit = time_limit(options.soft_time_limit);
  envelope.priority = options.priority.value_or(task.options.priority);
  envelope.headers = *headers;
  if (trace != nullptr) envelope.trace = trace_field(*trace);
  envelope.unique = unique_of(task, options) != nullptr;
  if (options.flow) envelope.flow = options.flow->str();
  if (options.limit_key) envelope.limit_key = *options.limit_key;
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
  check_retry_policy(task.name, options.max_retries, options.backoff, options.retry_for);

  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(app.clock().now());
  const auto expires = options.expires ? options.expires : task.options.expires;
  return {.task = task,
          .options = options,
          .queue = std::move(queue),
          .asked_at = now,
          .expires_at = expires ? std::optional{expiry(now, *expires)} : std::nullopt,
          .headers = &options.headers,
          .trace = TraceContext::current()};
}

}  // namespace aftercommit::detail
