/// How a call becomes jobs, in three steps: they are described, their way is found, and they are delivered.
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/task.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/job_description.hpp"
#include "client/app/route.hpp"
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

/// As it travels, on the way that was found.
PendingJob pack(const JobDescription& asked, const Route& route, nlohmann::json args, std::size_t limit) {
  auto job = asked.job(std::move(args));
  job.database = route.database;
  job.durable = route.durable;
  auto payload = encode(job);
  check_limit(asked.task, payload, limit);
  return {.id = job.id,
          .outgoing = {.queue = asked.queue,
                       .payload = std::move(payload),
                       .countdown = asked.options.countdown,
                       .eta = asked.options.eta,
                       .durable = route.durable ? std::optional{job.id} : std::nullopt},
          .asked_at = std::chrono::steady_clock::now(),
          .task = std::move(job.task)};
}

/// The row, and with it what is sent, for a database whose encoding may lack a character of it.
void write_in_ascii(const TaskEntry& task, std::vector<PendingJob>& jobs, std::size_t limit) {
  for (auto& job : jobs) {
    job.outgoing.payload = ascii_json(job.outgoing.payload);
    check_limit(task, job.outgoing.payload, limit);
  }
}

/// The third step: to the broker, to the transaction that they wait for, or to a short one of their own.
void deliver(const TaskEntry& task, const Route& route, std::vector<PendingJob> jobs, AppCore& app) {
  if (route.transaction == nullptr && !route.durable) return app.sender()->send(std::move(jobs), false);
  std::optional<Atomic> own;
  if (route.home != nullptr) own.emplace(*route.home);
  auto& transaction = own ? own->transaction().session() : *route.transaction;
  if (route.durable && !transaction.holds_unicode()) write_in_ascii(task, jobs, app.options().payload_limit);
  for (auto& job : jobs) transaction.add_job(app.sender(), std::move(job));
  if (own) own->commit();
}

}  // namespace

std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls) {
  AppCore& app = task.app.core();
  const auto asked = describe(task, options, app);
  const auto route = find_route(task, options, app);
  const auto limit = app.options().payload_limit;
  std::vector<JobId> ids;
  std::vector<PendingJob> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    jobs.push_back(pack(asked, route, std::move(args), limit));
    ids.push_back(jobs.back().id);
  }
  if (!jobs.empty()) deliver(task, route, std::move(jobs), app);
  return ids;
}

}  // namespace aftercommit::detail
