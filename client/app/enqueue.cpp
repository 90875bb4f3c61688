/// How a call becomes jobs, in three steps: they are described, their way is found, and they are delivered.
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/task.hpp"
#include "client/app/app_core.hpp"
#include "client/app/asking.hpp"
#include "client/app/job_description.hpp"
#include "client/app/limit_rules.hpp"
#include "client/app/route.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

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

/// All three.  `seen`: the call as middleware has left it; null: there is none.  `own`: see enqueue_all().
std::vector<JobId> ask(const TaskEntry& task, const CallOptions& options, std::vector<nlohmann::json> calls,
                       const EnqueueCall* seen, bool* own) {
  AppCore& app = task.app.core();
  const auto asked = describe_as_seen(task, options, app, seen);
  const auto route = find_route(task, options, app);
  check_job_limits(app.limits(), task, options, asked.queue, route.durable);
  std::optional<UniqueCall> unique;
  if (const auto* const rule = unique_of(task, options)) unique.emplace(*rule).check(task, options, route);
  if (calls.empty()) return {};
  Packing packing{asked, route, app.options().payload_limit};
  if (!route.waits()) {
    auto ids = deliver_now(std::move(packing), std::move(calls), app);
    count_asked(task, route, ids.size(), nullptr);
    return ids;
  }
  std::vector<JobId> ids;
  std::vector<PendingJob> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    if (unique) unique->add(args);
    jobs.push_back(packing.pack_to_wait(std::move(args)));
    ids.push_back(packing.id());
  }
  deliver(task, route, std::move(jobs), app, unique ? &*unique : nullptr);
  count_asked(task, route, ids.size(), unique ? &*unique : nullptr);
  if (!unique) return ids;
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = unique->won()[i].id;
  if (own != nullptr) *own = unique->won().front().own;
  return ids;
}

/// `own`: where to say whether the first of them, which is unique, is this call's own; null: nowhere.
std::vector<JobId> enqueue_all(const TaskEntry& task, const CallOptions& options,
                               std::vector<nlohmann::json> calls, bool* own) {
  return ask_within_middleware(task, options, std::move(calls),
                               [&](std::vector<nlohmann::json> asked, const EnqueueCall* seen) {
                                 return ask(task, options, std::move(asked), seen, own);
                               });
}

}  // namespace

std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls) {
  return enqueue_all(task, options, std::move(calls), nullptr);
}

UniqueJob enqueue_unique(const TaskEntry& task, const CallOptions& options, nlohmann::json args) {
  require_unique(task, options);
  std::vector<nlohmann::json> calls;
  calls.push_back(std::move(args));
  bool own = false;
  const auto id = enqueue_all(task, options, std::move(calls), &own).front();
  return {.id = id, .own = own};
}

}  // namespace aftercommit::detail
