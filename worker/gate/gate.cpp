#include "worker/gate/gate.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/job_table.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDatabase = "database:";
constexpr std::string_view kTask = "task:";
constexpr std::size_t kMostReasons = 1000;  // that one worker puts jobs aside for
/// When a job is looked at again though nobody has brought it back: no worker may know its reason.
constexpr milliseconds kAsideAtMost{300'000};
constexpr std::chrono::seconds kEyesOpen{30};  // after the last job that was put aside

/// Where a job's transaction or row is, by its own words; nothing: it needs no database.
std::optional<std::string> database_of(const Envelope& job, const detail::TaskEntry* task) {
  if (job.durable) return job.database;
  if (task == nullptr || !task->options.transactional) return std::nullopt;
  return job.database.empty() ? task->options.database : job.database;
}

std::chrono::system_clock::time_point now(const App& app) {
  return std::chrono::time_point_cast<milliseconds>(app.core().clock().now());
}

Settlement as_it_came(const Fetched& fetched) {
  return {.kind = Settlement::Kind::kAside,
          .queue = fetched.queue,
          .entry = fetched.entry,
          .payload = fetched.payload,
          .countdown = kAsideAtMost};
}

/// Drops from `jobs` those that `settled` answers true for.  Where it throws, the others are still there.
template <class Settled>
void take_out(std::vector<Fetched>& jobs, const Settled& settled) {
  auto kept = jobs.begin();  // the end of those that were not settled
  auto job = jobs.begin();
  try {
    for (; job != jobs.end(); ++job) {
      if (settled(*job)) continue;
      if (kept != job) *kept = std::move(*job);
      ++kept;
    }
  } catch (...) {
    jobs.erase(kept, job);
    throw;
  }
  jobs.erase(kept, job);
}

}  // namespace

Gate::Gate(App& app, RunningJobs& running, LockedJobs& locked, milliseconds grace, Preparations preparations)
    : app_{app},
      running_{running},
      locked_{locked},
      grace_{grace},
      databases_{app, running, std::move(preparations), [this] {
                   wake();
                   const std::lock_guard lock{mutex_};
                   changed_ = true;
                   changes_.notify_all();
                 }} {
  running_.add(looking_);
  if (!databases_.all_serve()) wake();
}

void Gate::wake() noexcept {
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  watchful_ = true;
}

/// Looking at each job is not free.
void Gate::doze() {
  const std::chrono::steady_clock::time_point woken{std::chrono::steady_clock::duration{woken_at_}};
  if (std::chrono::steady_clock::now() - woken > kEyesOpen && databases_.all_serve()) watchful_ = false;
}

bool Gate::runs_task(std::string_view task) const {
  const auto* const found = app_.core().find_task(task);
  return found != nullptr && found->bind;
}

/// The reason for jobs of this database to stand aside, if there is one.
std::optional<std::string> Gate::away(std::string_view alias) const {
  auto reason = std::string{kDatabase}.append(alias);
  const auto* const watch = watch_of(reason);
  if (watch != nullptr && watch->serves()) return std::nullopt;
  return reason;
}

std::optional<std::string> Gate::reason(const Envelope& job) const {
  // It is to be dropped, and not to wait for what it would need: only the row of a durable one is needed.
  const bool expired = job.expires_at && *job.expires_at < now(app_);
  if (expired && !job.durable) return std::nullopt;
  if (const auto alias = database_of(job, app_.core().find_task(job.task))) {
    if (auto reason = away(*alias)) return reason;
  }
  if (!expired && !runs_task(job.task)) return std::string{kTask} + job.task;
  return std::nullopt;
}

DatabaseWatch* Gate::watch_of(std::string_view reason) const {
  if (!reason.starts_with(kDatabase)) return nullptr;
  try {
    return &databases_.of(app_.core().database_or_default(reason.substr(kDatabase.size())));
  } catch (const ConfigError&) {
    return nullptr;
  }
}

bool Gate::runs_task_of(std::string_view reason) const {
  return reason.starts_with(kTask) && runs_task(reason.substr(kTask.size()));
}

std::optional<Settlement> Gate::aside(const Fetched& fetched, Envelope job) {
  auto why = reason(job);
  if (!why) return std::nullopt;
  auto settlement = as_it_came(fetched);
  if (why->starts_with(kTask)) {
    settlement.countdown = grace_left(job);
    if (settlement.countdown <= milliseconds{0}) return std::nullopt;
    settlement.payload = encode(job);
  }
  if (!tell(*why, job)) return std::nullopt;
  settlement.reason = *std::move(why);
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return settlement;
}

std::optional<Settlement> Gate::aside_unread(const Fetched& fetched, const Envelope& job,
                                             const std::string& alias) {
  auto why = away(alias);
  if (!why || !tell(*why, job)) return std::nullopt;
  auto settlement = as_it_came(fetched);
  settlement.reason = *std::move(why);
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return settlement;
}

/// Says each reason once; false where there are too many of them.
bool Gate::tell(const std::string& reason, const Envelope& job) {
  if (watch_of(reason) != nullptr) return true;  // the watch has said it
  {
    const std::lock_guard lock{mutex_};
    if (told_.contains(reason)) return true;
    if (told_.size() >= kMostReasons) return false;
    told_.insert(reason);
  }
  if (reason.starts_with(kDatabase)) {
    log(LogLevel::kError,
        "jobs name a database that this worker does not have; they wait for one that has it, which uses up "
        "no "
        "retry",
        {{"database", reason.substr(kDatabase.size())}, {"job_id", job.id.str()}, {"task", job.task}});
    return true;
  }
  const std::string why = app_.core().find_task(job.task) != nullptr
                              ? "the task is declared, but has no body in this worker"
                              : "this worker knows no such task";
  log(LogLevel::kWarning, "job put back: " + why + "; said once for each task",
      {{"job_id", job.id.str()}, {"task", job.task}});
  return true;
}

/// Notes in the job when it was first not known.
milliseconds Gate::grace_left(Envelope& job) const {
  const auto today = now(app_);
  // The time of another worker, whose clock may be ahead, or of another producer.
  job.unknown_since = std::min(job.unknown_since.value_or(today), today);
  return std::chrono::ceil<milliseconds>(*job.unknown_since + grace_ - today);
}

bool Gate::serves(const Database& database) const { return databases_.of(database).serves(); }

void Gate::ask(const Database& database) { databases_.of(database).ask(); }

bool Gate::failed(Database& database, const std::string& error) {
  const bool held_back = databases_.of(database).failed(error);
  if (held_back) wake();
  return held_back;
}

void Gate::hold_back(std::vector<Fetched>& jobs, Settler& settler) {
  if (!watchful_ && !locked_.many()) return;
  std::vector<std::optional<Envelope>> envelopes;  // of those that are left, in their order
  take_out(jobs, [&](const Fetched& job) {
    auto decoded = decode(job.payload, app_.options().payload_limit);
    auto* const envelope = std::get_if<Envelope>(&decoded);
    auto settlement = envelope != nullptr ? aside(job, *envelope) : std::nullopt;
    if (settlement) {
      settler.settle(*std::move(settlement));
      return true;
    }
    envelopes.push_back(envelope != nullptr ? std::optional{std::move(*envelope)} : std::nullopt);
    return false;
  });
  if (locked_.many()) put_off_locked(jobs, envelopes, settler);
  doze();
}

/// One statement for all of a database.
void Gate::put_off_locked(std::vector<Fetched>& jobs, const std::vector<std::optional<Envelope>>& envelopes,
                          Settler& settler) {
  std::map<Database*, std::vector<JobId>> asked;
  for (const auto& job : envelopes) {
    if (!job || !job->durable) continue;
    if (watch_of(std::string{kDatabase} + job->database) == nullptr) continue;  // an executor says so
    auto& database = app_.core().database_or_default(job->database);
    if (locked_.many(database)) asked[&database].push_back(job->id);
  }
  std::map<JobId, Database*> locked;
  for (const auto& [database, ids] : asked) {
    try {
      const RunningJob::Claim claim{*looking_, *database};  // who does not answer is noticed, and cut off
      const auto found = detail::JobTable{*database}.find_locked(ids);
      locked_.found(*database, found.size(), ids.size());
      for (const auto& id : found) locked.emplace(id, database);
    } catch (const std::exception& error) {
      failed(*database, detail::first_line(error));
    }
  }
  if (locked.empty()) return;
  auto envelope = envelopes.begin();
  take_out(jobs, [&](const Fetched& job) {
    const auto& known = *envelope++;
    const auto found = known ? locked.find(known->id) : locked.end();
    if (found == locked.end()) return false;
    settler.settle({.kind = Settlement::Kind::kRetry,
                    .queue = job.queue,
                    .entry = job.entry,
                    .payload = job.payload,
                    .countdown = locked_.note(*found->second, found->first)});
    return true;
  });
}

void Gate::wait_for_change(milliseconds longest, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  changes_.wait_for(lock, stop, longest, [&] { return changed_; });
  changed_ = false;
}

}  // namespace aftercommit::worker
