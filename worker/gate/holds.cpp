#include "worker/gate/holds.hpp"

#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

/// Else it is its task that says so here.
bool names_its_database(const Envelope& job) { return job.durable || !job.database.empty(); }

std::optional<std::string_view> alias_of(const Envelope& job, const detail::TaskEntry* task) {
  if (job.durable) return job.database;
  if (task == nullptr || !task->options.transactional) return std::nullopt;
  return names_its_database(job) ? job.database : task->options.database;
}

Database* find_database(App& app, std::string_view alias) {
  try {
    return &app.core().database_or_default(alias);
  } catch (const ConfigError&) {
    return nullptr;
  }
}

/// Not one that is dead: it still has to be buried.
bool has_expired(const Envelope& job, App& app) {
  return job.expires_at && job.death_cause.empty() &&
         *job.expires_at < std::chrono::time_point_cast<std::chrono::milliseconds>(app.core().clock().now());
}

}  // namespace

Candidate candidate_of(App& app, const Envelope& job, std::string_view entry) {
  const auto* const task = app.core().find_task(job.task);
  const auto alias = alias_of(job, task);
  return {.job = job,
          .task = task,
          .alias = alias,
          .database = alias ? find_database(app, *alias) : nullptr,
          .entry = entry};
}

std::optional<Hold> Holds::first(const Candidate& candidate) const {
  const auto& job = candidate.job;
  if (!home_.right()) return Hold::kWrongHome;
  const bool expired = has_expired(job, app_);
  // What is to be dropped does not wait for what it would need to run, but for its row.
  if (!expired || job.durable) {
    // Where it is its task that names what is not here, this worker is set up wrong: its run says so.
    if (candidate.alias && candidate.database == nullptr && names_its_database(job))
      return Hold::kUnknownDatabase;
    if (candidate.database != nullptr && !databases_.of(*candidate.database).serves())
      return Hold::kDatabaseAway;
  }
  // Others need not have it: so it goes back, instead of being forgotten.
  if (job.durable && !leases_.cover(candidate.entry)) return Hold::kNoLease;
  if (cancels_.contains(job.id)) return Hold::kCancelled;
  if (paused_.contains(job.queue)) return Hold::kPaused;
  if (expired) return Hold::kExpired;
  if (candidate.task == nullptr) return Hold::kUnknownTask;
  if (!candidate.task->bind) return Hold::kNoBody;
  if (limits_.any() && limits_.full(limits_.of(job, *candidate.task, candidate.database), job) != nullptr)
    return Hold::kLimited;
  return std::nullopt;
}

}  // namespace aftercommit::worker
