#include "client/app/asking.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/app/middleware.hpp"
#include "client/statements/ascii_json.hpp"

namespace aftercommit::detail {
namespace {

void check_limit(const TaskEntry& task, const std::string& payload, std::size_t limit) {
  if (payload.size() <= limit) return;
  throw PayloadError{"a job of task '" + task.name + "' takes " + std::to_string(payload.size()) +
                     " bytes, over the payload limit of " + std::to_string(limit) +
                     ": store the data and pass its key"};
}

}  // namespace

std::vector<JobId> ask_within_some(const TaskEntry& task, const CallOptions& options,
                                   const std::vector<nlohmann::json>& calls, const Ask& ask) {
  const auto& around = task.app.core().middleware().enqueue;
  const auto* const trace = TraceContext::current();
  std::vector<JobId> ids;
  EnqueueCall call{.task = task.name,
                   .options = options,
                   .args = calls,
                   .headers = options.headers,
                   .trace = trace != nullptr ? std::optional{*trace} : std::nullopt,
                   .ids = ids};
  // A copy of the arguments, which middleware may look at afterwards.
  ask_within(around, call, [&] { ids = ask(calls, &call); });
  return ids;
}

JobDescription describe_as_seen(const TaskEntry& task, const CallOptions& options, AppCore& app,
                                const EnqueueCall* seen) {
  auto asked = describe(task, options, app);
  if (seen != nullptr) {
    asked.headers = &seen->headers;
    asked.trace = seen->trace ? &*seen->trace : nullptr;
  }
  return asked;
}

Packing::Packing(const JobDescription& asked, const Route& route, std::size_t limit)
    : asked_{asked}, limit_{limit}, job_{asked.pattern()} {
  job_.database = route.database;
  job_.durable = route.durable;
}

Outgoing Packing::pack(nlohmann::json args) {
  job_.id = JobId::generate();
  job_.args = std::move(args);
  auto payload = encode(job_);
  check_limit(asked_.task, payload, limit_);
  return {.queue = asked_.queue,
          .payload = std::move(payload),
          .countdown = asked_.options.countdown,
          .eta = asked_.options.eta,
          .durable = job_.durable ? std::optional{job_.id} : std::nullopt,
          .priority = job_.priority};
}

PendingJob Packing::pack_to_wait(nlohmann::json args) {
  auto outgoing = pack(std::move(args));
  return {.id = id(),
          .outgoing = std::move(outgoing),
          .asked_at = std::chrono::steady_clock::now(),
          .task = asked_.task.name};
}

void write_in_ascii(const TaskEntry& task, std::vector<PendingJob>& jobs, std::size_t limit) {
  for (auto& job : jobs) {
    job.outgoing.payload = ascii_json(job.outgoing.payload);
    check_limit(task, job.outgoing.payload, limit);
  }
}

void count_asked(const TaskEntry& task, const Route& route, std::size_t jobs,
                 const UniqueCall* unique) noexcept {
  if (task.counts == nullptr) return;
  std::size_t own = jobs;
  if (unique != nullptr)
    own = static_cast<std::size_t>(std::ranges::count(unique->won(), true, &UniqueJob::own));
  auto& counts = *task.counts;
  (route.durable                  ? counts.durable
   : route.transaction != nullptr ? counts.on_commit
                                  : counts.immediate)
      .add(own);
  if (own < jobs) counts.joined.add(jobs - own);
}

}  // namespace aftercommit::detail
