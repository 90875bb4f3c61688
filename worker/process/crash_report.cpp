#include "worker/process/crash_report.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aftercommit/log.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/worker_backends.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/events/events.hpp"
#include "worker/gate/holds.hpp"
#include "worker/held/give_back.hpp"
#include "worker/run/job_ending.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 100;
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
void record(const detail::Claim& claim, const Envelope& job, std::chrono::milliseconds countdown,
            const Events& events) {
  try {
    // No row at this attempt: it is done, or this copy is an old one; its next claim finds out.
    claim.record(job, job.attempt, countdown);
  } catch (const std::exception& error) {
    const auto why = detail::first_line(error);
    events.tell(JobCrashNotKept{.job = job, .reason = {.text = why}});
  }
}

/// Where it is not known which of several jobs brought the process down, they are put off by a different
/// moment each: the next time they hardly run together, and those that are innocent get through.
std::chrono::milliseconds countdown_of(std::size_t suspects, int crashes) {
  if (suspects < 2) return 0ms;
  thread_local std::mt19937 random{std::random_device{}()};
  return std::chrono::milliseconds{std::uniform_int_distribution<int>{0, 1000 * crashes}(random)};
}

Settlement booked(App& app, Fetched fetched, const WorkerId& dead, std::string_view how, std::size_t suspects,
                  Home& home, const Events& events) {
  auto decoded = decode(fetched.payload, app.options().payload_limit);
  auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr) return give_back(std::move(fetched));  // none of it is ever run, so it is not to blame
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(app.core().clock().now());
  // None where this worker does not have its database: whoever runs it next says so.
  detail::AnyClaim claim{*job, candidate_of(app, *job).database};

  ++job->crashes;
  add_error(*job, {.attempt = job->attempt,
                   .at = now,
                   .worker = dead,
                   .error = "the worker process died while it ran this job: " + std::string{how}});
  events.tell(JobCrashed{.job = *job, .how = how, .crashes = job->crashes});
  if (job->crashes >= kCrashesAllowed) {
    LockedJobs locked;
    JobEnding ending{fetched, dead, locked, home, events};
    ending.found(*job, claim.get());
    return ending.buried(job, job->attempt, DeadLetter::Cause::kCrashed,
                         "the worker process died each of the " + std::to_string(job->crashes) +
                             " times that it ran this job; the last time: " + std::string{how},
                         now);
  }
  const auto countdown = countdown_of(suspects, job->crashes);
  if (claim.get() != nullptr) record(*claim, *job, countdown, events);
  fetched.payload = encode(*job);
  auto settlement = give_back(std::move(fetched));
  if (countdown > 0ms) {
    settlement.kind = Settlement::Kind::kRetry;
    settlement.countdown = countdown;
  }
  return settlement;
}

}  // namespace

void report_crash(Broker& broker, App& app, const ChildSlots& predecessor, const Options& options,
                  std::string_view how, Home& home) {
  const auto dead = predecessor.worker();
  if (dead.empty()) return;  // it had not begun
  end_sessions(app, dead);

  const Events events{};
  std::vector<Settlement> settlements;
  const auto running = predecessor.running();
  for (const auto& [queue, entry] : running) {
    // What it does not hold any more has been settled, or taken over.
    for (auto& fetched : broker.held_by(dead, queue, {&entry, 1})) {
      settlements.push_back(booked(app, std::move(fetched), dead, how, running.size(), home, events));
    }
  }
  if (!settlements.empty()) broker.settle(dead, settlements);

  std::vector<Queue> queues;
  for (const auto& choice : options.queues) queues.push_back(choice.name);
  std::size_t recovered = 0;
  while (const auto batch = broker.recover(dead, queues, kBatch, "")) recovered += batch;
  log(LogLevel::kWarning, "the jobs of the process that has died were given back",
      {{"worker", dead}, {"running", settlements.size()}, {"others", recovered}});
}

}  // namespace aftercommit::worker
