#include "worker/gate/gate.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "aftercommit/error.hpp"
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

std::string reason_of(const Candidate& candidate, Hold hold) {
  if (is_of_task(hold)) return std::string{kTask} + candidate.job.task;
  return std::string{kDatabase}.append(*candidate.alias);
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

Gate::Gate(App& app, const Home& home, const HeldLeases& leases, RunningJobs& running, LockedJobs& locked,
           const CancelRequests& cancels, const Events& events, milliseconds grace, Preparations preparations)
    : app_{app},
      running_{running},
      locked_{locked},
      events_{events},
      grace_{grace},
      limits_{app},
      holds_{app, home, leases, cancels, paused_, limits_, databases_},
      databases_{app, running, events, std::move(preparations), [this] {
                   wake();
                   const std::lock_guard lock{mutex_};
                   changed_ = true;
                   changes_.notify_all();
                 }} {
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

std::optional<Settlement> Gate::aside(const Fetched& fetched, const Candidate& candidate) {
  const auto why = hold(candidate);
  if (!why || !stands_aside(*why)) return std::nullopt;
  if (*why == Hold::kLimited) {
    const auto& job = candidate.job;
    const auto limits = limits_.of(job, *candidate.task, candidate.database);
    const auto* const full = limits_.full(limits, job);
    if (full == nullptr) return std::nullopt;  // not any more
    return in_line(fetched, job, *full);
  }
  auto settlement = as_it_came(fetched);
  if (is_of_task(*why)) {
    auto job = candidate.job;
    settlement.countdown = grace_left(job);
    if (settlement.countdown <= milliseconds{0}) return std::nullopt;
    settlement.payload = encode(job);
  }
  settlement.reason = reason_of(candidate, *why);
  if (!tell(candidate.job, *why, settlement.reason)) return std::nullopt;
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return settlement;
}

/// In the order in which they came to wait, also where one had its turn and found no place.
Settlement Gate::in_line(const Fetched& fetched, const Envelope& job, const JobLimits::One& limit) {
  auto waiting = job;
  const auto today = now(app_);
  waiting.limited_since = std::min(job.limited_since.value_or(today), today);
  waiting.limit_turn.reset();
  auto settlement = as_it_came(fetched);
  settlement.countdown = std::max(
      std::chrono::ceil<milliseconds>(*waiting.limited_since + kAsideAtMost - today), milliseconds{0});
  settlement.payload = encode(waiting);
  settlement.reason = limit.line;
  events_.tell(JobPutAside{.job = job, .why = Hold::kLimited, .reason = limit.line, .first = false});
  limits_.stands_in(fetched.queue, limit.line);
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return settlement;
}

std::optional<Settlement> Gate::aside_unread(const Fetched& fetched, const Envelope& job,
                                             const std::string& alias) {
  auto settlement = as_it_came(fetched);
  settlement.reason = std::string{kDatabase}.append(alias);
  const auto* const watch = watch_of(settlement.reason);
  if (watch != nullptr && watch->serves()) return std::nullopt;
  const auto why = watch != nullptr ? Hold::kDatabaseAway : Hold::kUnknownDatabase;
  if (!tell(job, why, settlement.reason)) return std::nullopt;
  woken_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return settlement;
}

/// False where there are too many reasons.
bool Gate::tell(const Envelope& job, Hold why, const std::string& reason) {
  bool first = false;
  if (why != Hold::kDatabaseAway) {  // of which its watch tells
    const std::lock_guard lock{mutex_};
    if (told_.size() >= kMostReasons && !told_.contains(reason)) return false;
    first = told_.insert(reason).second;
  }
  events_.tell(JobPutAside{.job = job, .why = why, .reason = reason, .first = first});
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

std::shared_ptr<RunningJob> Gate::add_looking() {
  auto looking = std::make_shared<RunningJob>();
  running_.add(looking);
  return looking;
}

void Gate::hold_back(std::vector<Fetched>& jobs, Settler& settler, RunningJob& looking) {
  if (!watchful_ && !locked_.many()) return;
  std::vector<std::optional<Envelope>> envelopes;  // of those that are left, in their order
  take_out(jobs, [&](const Fetched& job) {
    auto decoded = decode(job.payload, app_.options().payload_limit);
    auto* const envelope = std::get_if<Envelope>(&decoded);
    auto settlement =
        envelope != nullptr ? aside(job, candidate_of(app_, *envelope, job.entry)) : std::nullopt;
    if (settlement) {
      settler.settle(*std::move(settlement));
      return true;
    }
    envelopes.push_back(envelope != nullptr ? std::optional{std::move(*envelope)} : std::nullopt);
    return false;
  });
  if (locked_.many()) put_off_locked(jobs, envelopes, settler, looking);
  doze();
}

/// One statement for all of a database.
void Gate::put_off_locked(std::vector<Fetched>& jobs, const std::vector<std::optional<Envelope>>& envelopes,
                          Settler& settler, RunningJob& looking) {
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
      const RunningJob::Claim claim{looking, *database};  // who does not answer is noticed, and cut off
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
