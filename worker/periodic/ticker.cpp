#include "worker/periodic/ticker.hpp"

#include <algorithm>
#include <exception>
#include <optional>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "base/text/text.hpp"
#include "client/job_table/home.hpp"
#include "client/job_table/migrations.hpp"
#include "client/periodic/due_ticks.hpp"
#include "client/settings/command_hint.hpp"
#include "worker/log/caught.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLongestWait{2000};  // an operator may have let one go on, or asked for a run
constexpr milliseconds kElsewhereWait{200};
constexpr seconds kDeclareEvery{20};

}  // namespace

Ticker::Ticker(App& app, Database& database, Home& home)
    : app_{app},
      database_{database},
      home_{home},
      table_{database},
      thread_{{"asking for the jobs of periodic tasks", "the database"},
              [this](const std::stop_token& stop) { return look(stop); }} {}

/// How long to wait until the next time.
milliseconds Ticker::look(const std::stop_token& stop) {
  home_.wait_until_right(stop);  // a queue of another database takes none of our jobs
  if (stop.stop_requested()) return milliseconds{0};
  prepare();
  declare();
  auto next = kLongestWait;
  bool any_done = false;
  std::exception_ptr trouble;
  for (const auto& wait : table_.waits(app_name_, declarations_)) {
    if (wait.time > milliseconds{0}) {
      next = std::min(next, wait.time);
      break;  // the others are due later
    }
    if (stop.stop_requested()) break;
    const auto periodic =
        std::ranges::find(periodic_, wait.name, [](const auto& candidate) { return candidate.as_kept.name; });
    try {
      const auto outcome = make_jobs_or_tell(*periodic);
      any_done |= outcome == Outcome::kDone;
      if (outcome == Outcome::kElsewhere) next = kElsewhereWait;
    } catch (const std::exception&) {  // of this one: the others have their turn
      if (!trouble) trouble = std::current_exception();
    }
  }
  if (trouble) std::rethrow_exception(trouble);
  return any_done ? milliseconds{0} : next;
}

void Ticker::prepare() {
  if (!app_name_.empty()) return;
  detail::require_schema(database_, detail::kPeriodicSchema, "a worker whose app has periodic tasks");
  periodic_ = detail::periodic_of(app_.core(), database_);
  declarations_.clear();
  for (const auto& periodic : periodic_) declarations_.push_back(periodic.as_kept);
  app_name_ = detail::kept_name(database_, app_.name());
}

void Ticker::declare() {
  if (Clock::now() < declare_at_) return;
  table_.declare(app_name_, declarations_, !declared_);
  declared_ = true;
  declare_at_ = Clock::now() + kDeclareEvery;
}

Ticker::Outcome Ticker::make_jobs_or_tell(const detail::DeclaredPeriodic& periodic) {
  const auto& name = periodic.as_kept.name;
  const auto refused = [&] {
    if (refused_.insert(name).second) {
      log(LogLevel::kError, "a periodic task is due, and its job cannot be asked for; trying again",
          {{"periodic", name}, {"error", what_was_caught()}});
    }
    return Outcome::kRefused;
  };
  try {
    if (!make_jobs(periodic)) return Outcome::kElsewhere;
  } catch (const PayloadError&) {
    return refused();
  } catch (const UsageError&) {
    return refused();
  }
  refused_.erase(name);
  return Outcome::kDone;
}

/// False if there is nothing to do any more, or somebody else is at it.
bool Ticker::make_jobs(const detail::DeclaredPeriodic& periodic) {
  const auto& entry = *periodic.entry;
  std::optional<detail::PeriodicTable::Taken> taken;
  detail::DueTicks due;
  database_.atomic({.durable = true, .isolation = Isolation::kReadCommitted}, [&] {
    taken = table_.take(app_name_, periodic.as_kept);
    if (!taken) return;
    detail::PeriodicTable::Done done{.was_due = taken->due};
    if (taken->due) {
      due = taken->next_at ? detail::due_ticks(entry.schedule, entry.options, *taken->next_at, taken->now)
                           : detail::DueTicks{.next = entry.schedule.next(taken->now)};
      done.next = due.next;
    }
    for (const auto tick : due.run) {
      done.last_tick = tick;
      done.last_job = detail::enqueue_periodic(periodic, tick);
    }
    for (int i = 0; i < taken->runs_asked; ++i) {
      done.last_job = detail::enqueue_periodic(periodic, std::nullopt);
    }
    table_.move(app_name_, entry.name, done);
    if (done.last_job) fail_point("periodic.before_commit");
  });
  if (!taken) return false;
  if (!due.run.empty()) fail_point("periodic.after_commit");
  if (taken->due && taken->next_at) tell(periodic, *taken->next_at, taken->now, due.run.size());
  return true;
}

/// Of ticks that nobody was there for.
void Ticker::tell(const detail::DeclaredPeriodic& periodic, Schedule::Time first, Schedule::Time now,
                  std::size_t jobs) const {
  const auto& name = periodic.as_kept.name;
  if (now - first <= std::chrono::minutes{1}) {
    log(LogLevel::kDebug, "a periodic task was due", {{"periodic", name}, {"jobs", jobs}});
    return;
  }
  log(LogLevel::kWarning, "a periodic task was due while nobody was there for it",
      {{"periodic", name},
       {"late_s", (now - first).count()},
       {"missed", periodic.as_kept.missed},
       {"jobs", jobs}});
}

std::vector<std::string> undeclared_periodic(App& app) {
  std::vector<std::string> sentences;
  for (const auto& [alias, database] : app.core().databases()) {
    try {
      if (!detail::schema_is_at_least(*database, detail::kPeriodicSchema)) continue;
      const auto app_name = detail::kept_name(*database, app.name());
      for (const auto& row : detail::PeriodicTable{*database}.rows()) {
        const auto& name = row.declared.name;
        const auto known = app.core().periodic().find(name);
        const bool is_declared = known != app.core().periodic().end() &&
                                 &detail::database_of(app.core(), known->second) == database.get();
        if (row.app != app_name || is_declared) continue;
        sentences.push_back(
            "periodic task '" + in_one_line(name, 100) + "' (" + in_one_line(row.declared.schedule, 100) +
            ", " + in_one_line(row.declared.zone, 64) + ") is in the table of database '" + alias +
            "' and not in the code of this worker, which makes no jobs of it; where no other "
            "does, remove it by `" +
            detail::command_for(*database, "periodic forget " + detail::shell_word(name)) + "`");
      }
    } catch (const std::exception&) {
      // Away, or without the right to read them: a later start will tell.
    }
  }
  return sentences;
}

}  // namespace aftercommit::worker
