#include "worker/process/crash_report.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "aftercommit/trace.hpp"
#include "broker/contract/row_entry.hpp"
#include "broker/envelope/envelope.hpp"
#include "broker/envelope/trace_field.hpp"
#include "client/app/app_core.hpp"
#include "client/app/worker_backends.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/job_table/job_table.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/events/events.hpp"
#include "worker/gate/holds.hpp"
#include "worker/held/give_back.hpp"
#include "worker/log/caught.hpp"
#include "worker/run/job_ending.hpp"
#include "worker/run/retry_rules.hpp"
#include "worker/watch/running_body.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 100;
constexpr auto kForOthers = 2s;
constexpr auto kForSessions = 5s;  // to end, after they were told to; usually some milliseconds

/// Waits until they are gone: one that still has the row of a job would keep its crash from being written
/// there.
void end_sessions(App& app, const WorkerId& dead) {
  const auto deadline = std::chrono::steady_clock::now() + kForSessions;
  for (const auto& [alias, database] : app.core().databases()) {
    try {
      while (detail::end_backends(*database, dead) > 0 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(5ms);  // the server has no way to tell
      }
    } catch (const std::exception& error) {
      // The jobs are given back all the same: while its locks stand they are put off.
      log(LogLevel::kError, "cannot end the database sessions of the process that has died",
          {{"worker", dead}, {"database", alias}, {"error", detail::first_line(error)}});
    }
  }
}

/// Keeps the count in the row as well, if there is one, from where the job comes back if the broker loses it.
/// `locked_until`: where the row is all there is of the job another worker may have come for it already; that
/// one dies as well, or is done.
void record(const detail::Claim& claim, const Envelope& job, int attempt, std::chrono::milliseconds countdown,
            std::chrono::steady_clock::time_point locked_until, const Events& events) {
  using Where = detail::Claim::Standing::Kind;
  try {
    // No row at this attempt: it is done, or this copy is an old one; its next claim finds out.
    while (claim.record(job, attempt, countdown) == detail::Claim::Kept::kNowhere &&
           std::chrono::steady_clock::now() < locked_until && claim.standing().kind == Where::kLocked) {
      std::this_thread::sleep_for(20ms);  // PostgreSQL has no way to tell
    }
  } catch (const std::exception& error) {
    const auto why = detail::first_line(error);
    events.tell(JobCrashNotKept{.job = job, .reason = {.text = why}});
  }
}

/// A job that was taken from its table, as its row says; none where it is done.
std::vector<Fetched> row_of(App& app, const Queue& queue, const std::string& entry) {
  const auto id = job_of_row(entry);
  if (!id) return {};
  for (const auto& [alias, database] : app.core().databases()) {
    try {
      if (auto row = detail::JobTable{*database}.find(*id)) return {{queue, entry, std::move(row->envelope)}};
    } catch (const std::exception& error) {
      log(LogLevel::kError, "cannot see which jobs the process that has died was at",
          {{"database", alias}, {"error", detail::first_line(error)}});
    }
  }
  return {};
}

/// One of several jobs that ran, where it is not known which of them brought the process down.
struct Suspect {
  std::int64_t number;  // from 0
  std::int64_t of;
};

/// After its first crash a job runs again at once, as the process may have been killed for another's sake;
/// from the second one on it waits as its backoff says.  Suspects begin one after the other: the next time
/// they hardly run together, and those that are innocent get through.  A distance drawn at random would be
/// shorter than a COMMIT now and then, three times in a row as well.
std::chrono::milliseconds countdown_of(Suspect suspect, int crashes, const RetryRules& rules) {
  const auto backoff = crashes > 1 ? rules.wait(crashes - 1) : 0ms;
  constexpr std::chrono::milliseconds kDistance{500};
  constexpr std::chrono::milliseconds kLast{10'000};  // begins by then, however many they are
  const auto distance = std::min(kDistance * crashes, kLast / suspect.of);
  return std::max(backoff, distance * suspect.number);
}

/// An attempt that had not ended at its time limit, as if its task had thrown that.
struct TimedOut {
  std::string text;
  std::string type;
  bool retried;
};

TimedOut timed_out(const Envelope& job, const TaskOptions& options, std::chrono::milliseconds limit) {
  try {
    throw TimeLimitExceeded{timed_out_text(job.task, limit)};
  } catch (const TimeLimitExceeded& error) {
    const bool retried = !options.retry_on || options.retry_on.match_caught();
    return {.text = error.what(),
            .type = type_of_caught(),
            .retried = retried && !options.no_retry_on.match_caught()};
  }
}

/// A flow may have got on while it ran: what its copy holds against it is over by then.
void take_from_row(Envelope& job, Database* database) {
  if (database == nullptr) return;
  try {
    const auto row = detail::JobTable{*database}.find(job.id);
    if (!row || row->attempt <= job.attempt) return;
    auto decoded = decode(row->envelope, std::max(row->envelope.size(), defaults::kPayloadLimit));
    if (auto* const now = std::get_if<Envelope>(&decoded)) job = std::move(*now);
  } catch (const std::exception& error) {
    log(LogLevel::kError, "cannot see how far the flow has got that the process which has died was at",
        {{"job_id", job.id.str()}, {"error", detail::first_line(error)}});
  }
}

/// `limit`: it was this that the job ran beyond; nothing: it crashed.
Settlement booked(App& app, Fetched fetched, const WorkerId& dead, std::string_view how, Suspect suspect,
                  std::optional<std::chrono::milliseconds> limit, Home& home, const Events& events) {
  auto decoded = decode(fetched.payload, app.options().payload_limit);
  auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr) return give_back(std::move(fetched));  // none of it is ever run, so it is not to blame
  const TraceScope lines{trace_of(*job)};
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(app.core().clock().now());
  const auto candidate = candidate_of(app, *job);
  if (candidate.task != nullptr && candidate.task->is_flow) take_from_row(*job, candidate.database);
  // None where this worker does not have its database: whoever runs it next says so.
  detail::AnyClaim claim{*job, candidate.database};

  std::optional<TimedOut> late;
  if (limit && candidate.task != nullptr) late = timed_out(*job, candidate.task->options, *limit);
  if (!late) ++job->crashes;
  const int had = is_dying(*job) ? as_it_died(*job).counted_attempt() : job->counted_attempt();
  add_error(*job, {.attempt = had,
                   .at = now,
                   .worker = dead,
                   .error = late ? late->text
                                 : "the worker process died while it ran this job: " + std::string{how},
                   .type = late ? late->type : std::string{}});
  if (!late) events.tell(JobCrashed{.job = *job, .how = how, .crashes = job->crashes});
  const auto given_back_as = [&](const Envelope& next, std::chrono::milliseconds countdown) {
    if (claim.get() != nullptr) {
      const auto patience = is_of_a_row(fetched.entry) ? kForOthers : 0s;
      record(*claim, next, job->attempt, countdown, std::chrono::steady_clock::now() + patience, events);
    }
    fetched.payload = encode(next);
    auto settlement = give_back(std::move(fetched));
    if (countdown > 0ms) {
      settlement.kind = Settlement::Kind::kRetry;
      settlement.countdown = countdown;
    }
    return settlement;
  };
  const auto buried = [&](const Envelope& died, DeadLetter::Cause cause, const std::string& reason) {
    LockedJobs locked;
    CancelRequests cancels;
    JobEnding ending{fetched, dead, locked, cancels, home, events};
    ending.found(*job, claim.get());
    return ending.buried(&died, job->attempt, cause, reason, now);
  };
  const bool has_hook = candidate.task != nullptr && candidate.task->on_failure;
  // In the hook of its task, or on a flow's way to its undos.
  const auto gives_up_dying = [&] {
    if (job->undo && has_hook) {
      auto next = *job;
      next.undo = false;
      next.crashes = kCrashesAllowed;
      return given_back_as(next, 0ms);
    }
    return buried(as_it_died(*job), cause_of_death(*job), job->death_reason);
  };
  const auto dies = [&](DeadLetter::Cause cause, const std::string& reason) {
    if (is_dying(*job)) return gives_up_dying();
    const bool is_flow = candidate.task != nullptr && candidate.task->is_flow;  // which may have to be undone
    if (is_flow || has_hook) return given_back_as(dying(*job, cause, reason, is_flow), 0ms);
    return buried(*job, cause, reason);
  };

  const RetryRules rules{*job, candidate.task != nullptr ? &candidate.task->options : nullptr};
  if (late) {
    if (!late->retried)
      return dies(DeadLetter::Cause::kRejected, "its task does not retry " + late->type + ": " + late->text);
    const int attempt = job->counted_attempt();
    if (attempt > rules.max_retries() || job->attempt >= kMaxAttempts)
      return dies(DeadLetter::Cause::kRetriesExhausted, late->text);
    const auto countdown = rules.wait(attempt);
    if (const auto why = rules.too_late(now, countdown); !why.empty())
      return dies(DeadLetter::Cause::kRetriesExhausted, why + "; the last error: " + late->text);
    events.tell(JobRetried{.job = *job,
                           .queue = fetched.queue,
                           .attempt = attempt,
                           .countdown = countdown,
                           .exception = late->type,
                           .reason = {.text = late->text}});
    return given_back_as(next_attempt(*job, rules, now), countdown);
  }
  if (is_dying(*job)) {  // given up as a body is
    if (job->crashes < 2 * kCrashesAllowed) return given_back_as(*job, 0ms);
    return gives_up_dying();
  }
  if (job->crashes >= kCrashesAllowed) {
    return dies(DeadLetter::Cause::kCrashed,
                "the worker process died each of the " + std::to_string(job->crashes) +
                    " times that it ran this job; the last time: " + std::string{how});
  }
  const auto countdown = countdown_of(suspect, job->crashes, rules);
  if (const auto why = rules.too_late(now, countdown); !why.empty())
    return dies(DeadLetter::Cause::kRetriesExhausted, why + "; the last error: " + job->errors.back().error);
  job->retry_until = rules.retry_until(now);
  return given_back_as(*job, countdown);
}

}  // namespace

void report_crash(Broker& broker, App& app, const ChildSlots& predecessor, const Options& options,
                  std::string_view how, Home& home, Listener* listener) {
  const auto dead = predecessor.worker();
  if (dead.empty()) return;                      // it had not begun
  broker.bear_silent_shards(!home.all_known());  // one that has answered just now is asked again
  end_sessions(app, dead);

  const Events events{listener};
  std::vector<Settlement> settlements;
  const auto running = predecessor.running();
  std::size_t rows = 0;
  bool away = false;
  const auto held_there = [&](const auto& held) -> std::vector<Fetched> {
    try {
      if (!away) return broker.held_by(dead, held.queue, {&held.entry, 1});
    } catch (const BrokerUnavailable&) {
      if (home.all_known()) throw;  // a moment's trouble: this is tried again, and each crash counts
      away = true;
    }
    return {};
  };
  Suspect suspect{.number = 0, .of = std::ssize(running)};
  for (const auto& held : running) {
    // What it does not hold any more has been settled, or taken over.
    const bool of_a_row = is_of_a_row(held.entry);
    for (auto& fetched : of_a_row ? row_of(app, held.queue, held.entry) : held_there(held)) {
      auto settlement =
          booked(app, std::move(fetched), dead, how, suspect, held.timed_out_after, home, events);
      if (of_a_row) {
        ++rows;  // there is nobody else to tell
      } else {
        settlements.push_back(std::move(settlement));
      }
    }
    ++suspect.number;
  }
  std::vector<Queue> queues;
  for (const auto& choice : options.queues) queues.push_back(choice.name);
  std::size_t recovered = 0;
  try {
    if (!settlements.empty()) broker.settle(dead, settlements);
    while (const auto batch = broker.recover(dead, queues, kBatch, "")) recovered += batch;
  } catch (const BrokerUnavailable&) {
    if (home.all_known()) throw;
    log(LogLevel::kWarning,
        "Redis is away: what the process that has died held there comes back after its lease",
        {{"worker", dead}});
    return;
  }
  log(LogLevel::kWarning, "the jobs of the process that has died were given back",
      {{"worker", dead}, {"running", settlements.size() + rows}, {"others", recovered}});
}

}  // namespace aftercommit::worker
