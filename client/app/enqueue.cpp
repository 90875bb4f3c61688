/// How a call becomes jobs, in three steps: they are described, their way is found, and they are delivered.
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/task.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/job_description.hpp"
#include "client/app/limit_rules.hpp"
#include "client/app/middleware.hpp"
#include "client/app/route.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

void check_limit(const TaskEntry& task, const std::string& payload, std::size_t limit) {
  if (payload.size() <= limit) return;
  throw PayloadError{"a job of task '" + task.name + "' takes " + std::to_string(payload.size()) +
                     " bytes, over the payload limit of " + std::to_string(limit) +
                     ": store the data and pass its key"};
}

/// The jobs of a call as they travel, on the way that was found.
class Packing {
 public:
  Packing(const JobDescription& asked, const Route& route, std::size_t limit)
      : asked_{asked}, limit_{limit}, job_{asked.pattern()} {
    job_.database = route.database;
    job_.durable = route.durable;
  }

  /// The next one, with an id of its own.
  Outgoing pack(nlohmann::json args) {
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
  /// Of the one that was packed last.
  const JobId& id() const noexcept { return job_.id; }

 private:
  const JobDescription& asked_;
  const std::size_t limit_;
  Envelope job_;
};

/// The row, and with it what is sent, for a database whose encoding may lack a character of it.
void write_in_ascii(const TaskEntry& task, std::vector<PendingJob>& jobs, std::size_t limit) {
  for (auto& job : jobs) {
    job.outgoing.payload = ascii_json(job.outgoing.payload);
    check_limit(task, job.outgoing.payload, limit);
  }
}

/// The third step for jobs that wait for nothing: to the broker.
std::vector<JobId> deliver_now(Packing packing, std::vector<nlohmann::json> calls, AppCore& app) {
  std::vector<JobId> ids;
  std::vector<Outgoing> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    jobs.push_back(packing.pack(std::move(args)));
    ids.push_back(packing.id());
  }
  app.sender()->send_now(std::move(jobs), ids);
  return ids;
}

/// The third step for others: to the transaction that they wait for, or to a short one of their own.
/// `unique`: what makes them so, and finds out which of them there are to be; null: nothing.
void deliver(const TaskEntry& task, const Route& route, std::vector<PendingJob> jobs, AppCore& app,
             UniqueCall* unique) {
  std::optional<Atomic> own;
  if (route.home != nullptr) {
    AtomicOptions of_own;  // others of its key are no conflict there, whatever the default
    if (unique != nullptr) of_own.isolation = Isolation::kReadCommitted;
    own.emplace(*route.home, of_own);
  }
  auto& transaction = own ? own->transaction().session() : *route.transaction;
  if (route.durable && !transaction.holds_unicode()) write_in_ascii(task, jobs, app.options().payload_limit);
  if (unique != nullptr) claim_unique(transaction, task.name, *unique, jobs);
  for (auto& job : jobs) transaction.add_job(app.sender(), std::move(job));
  if (own) {
    own->commit();
  } else {
    transaction.has_asked();
  }
}

/// For metrics.  `unique`: as in deliver().
void count(const TaskEntry& task, const Route& route, std::size_t jobs, const UniqueCall* unique) noexcept {
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

/// All three.  `seen`: the call as middleware has left it; null: there is none.  `own`: see enqueue_all().
std::vector<JobId> ask(const TaskEntry& task, const CallOptions& options, std::vector<nlohmann::json> calls,
                       const EnqueueCall* seen, bool* own) {
  AppCore& app = task.app.core();
  auto asked = describe(task, options, app);
  if (seen != nullptr) {
    asked.headers = &seen->headers;
    asked.trace = seen->trace ? &*seen->trace : nullptr;
  }
  const auto route = find_route(task, options, app);
  check_job_limits(app.limits(), task, options, asked.queue, route.durable);
  std::optional<UniqueCall> unique;
  if (const auto* const rule = unique_of(task, options)) unique.emplace(*rule).check(task, options, route);
  if (calls.empty()) return {};
  Packing packing{asked, route, app.options().payload_limit};
  if (!route.waits()) {
    auto ids = deliver_now(std::move(packing), std::move(calls), app);
    count(task, route, ids.size(), nullptr);
    return ids;
  }
  std::vector<JobId> ids;
  std::vector<PendingJob> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    if (unique) unique->add(args);
    auto outgoing = packing.pack(std::move(args));
    ids.push_back(packing.id());
    jobs.push_back({.id = packing.id(),
                    .outgoing = std::move(outgoing),
                    .asked_at = std::chrono::steady_clock::now(),
                    .task = task.name});
  }
  deliver(task, route, std::move(jobs), app, unique ? &*unique : nullptr);
  count(task, route, ids.size(), unique ? &*unique : nullptr);
  if (!unique) return ids;
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = unique->won()[i].id;
  if (own != nullptr) *own = unique->won().front().own;
  return ids;
}

/// `own`: where to say whether the first of them, which is unique, is this call's own; null: nowhere.
std::vector<JobId> enqueue_all(const TaskEntry& task, const CallOptions& options,
                               std::vector<nlohmann::json> calls, bool* own) {
  const auto& around = task.app.core().middleware().enqueue;
  if (around.empty() || calls.empty()) return ask(task, options, std::move(calls), nullptr, own);
  const auto* const trace = TraceContext::current();
  std::vector<JobId> ids;
  EnqueueCall call{.task = task.name,
                   .options = options,
                   .args = calls,
                   .headers = options.headers,
                   .trace = trace != nullptr ? std::optional{*trace} : std::nullopt,
                   .ids = ids};
  // A copy of the arguments, which middleware may look at afterwards.
  ask_within(around, call, [&] { ids = ask(task, options, calls, &call, own); });
  return ids;
}

}  // namespace

std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls) {
  return enqueue_all(task, options, std::move(calls), nullptr);
}

UniqueJob enqueue_unique(const TaskEntry& task, const CallOptions& options, nlohmann::json args) {
  if (unique_of(task, options) == nullptr) {
    throw UsageError{"cannot ask for a unique job of task '" + task.name +
                     "': neither the task nor the call has the option `unique`; declare the task with "
                     "{.unique = aftercommit::Unique{}}"};
  }
  std::vector<nlohmann::json> calls;
  calls.push_back(std::move(args));
  bool own = false;
  const auto id = enqueue_all(task, options, std::move(calls), &own).front();
  return {.id = id, .own = own};
}

}  // namespace aftercommit::detail
