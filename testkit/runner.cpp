#include "testkit/runner.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/testing_set_up.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/transaction/interrupt.hpp"
#include "client/transaction/session.hpp"
#include "worker/run/attempt.hpp"
#include "worker/run/retry_rules.hpp"

namespace aftercommit::testing {
namespace {

using aftercommit::detail::Interrupt;
using aftercommit::detail::Session;
using std::chrono::milliseconds;

/// Of the job that this thread runs; null: none.  Not owned.
thread_local JobRun* run_of_thread = nullptr;

class Recording {
 public:
  explicit Recording(JobRun& run) { run_of_thread = &run; }
  ~Recording() { run_of_thread = nullptr; }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
};

class WatchedUses {
 public:
  WatchedUses(Interrupt& interrupt, RunFault* fault) : interrupt_{interrupt} {
    if (fault != nullptr) interrupt_.watch_uses([fault] { fault->at_use(); });
  }
  ~WatchedUses() { interrupt_.watch_uses(nullptr); }
  WatchedUses(const WatchedUses&) = delete;
  WatchedUses& operator=(const WatchedUses&) = delete;

 private:
  Interrupt& interrupt_;  // not owned, outlives this
};

/// Sets in `run` what each event says; the last one counts.
struct Note {
  JobRun& run;

  /// What has gone wrong after its commit has been said before.
  void operator()(const worker::JobDone&) const {
    run.ended = Ended::kDone;
    run.thrown = nullptr;  // by a run that a conflict has made void
  }
  void operator()(const worker::JobTroubleAfterCommit& event) const { run.error = event.reason.text; }
  void operator()(const worker::JobRetried& event) const {
    end(Ended::kRetried, event.reason.text, event.exception, event.countdown);
  }
  void operator()(const worker::JobSnoozed& event) const {
    end(Ended::kSnoozed, event.reason.text, {}, event.countdown);
  }
  void operator()(const worker::JobBuried& event) const {
    end(Ended::kDead, event.reason.text, event.exception);
  }
  void operator()(const worker::JobExpired&) const { end(Ended::kExpired, "it was too late for it"); }
  void operator()(const worker::JobCancelled&) const { end(Ended::kCancelled, "it was cancelled"); }
  void operator()(const worker::JobSkipped&) const { end(Ended::kSkipped, "it had taken effect before"); }
  void operator()(const worker::JobOutdated&) const { end(Ended::kSkipped, "its row is at a later attempt"); }
  void operator()(const worker::JobPutOff& event) const {
    const bool locked = event.why == worker::JobPutOff::Why::kLocked;
    end(Ended::kPutOff, locked ? "another transaction has it" : event.reason.text);
  }
  void operator()(const worker::JobPutAside& event) const { end(Ended::kPutOff, event.reason); }
  void operator()(const worker::JobGivenBack& event) const {
    end(Ended::kPutOff, event.why ? "something holds it back" : event.reason.text);
  }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  void end(Ended ended, std::string_view error = {}, std::string_view type = {},
           milliseconds countdown = {}) const {
    run.ended = ended;
    run.error = error;
    run.error_type = type;
    run.countdown = countdown;
  }
};

std::vector<Queue> queues_of(App& app) {
  std::set<Queue> queues;
  for (const auto& name : app.core().task_names()) queues.insert(app.core().find_task(name)->options.queue);
  return {queues.begin(), queues.end()};
}

JobRun described(const Fetched& job, std::size_t payload_limit) {
  auto decoded = decode(job.payload, payload_limit);
  const auto* const envelope = std::get_if<Envelope>(&decoded);
  if (envelope == nullptr) return {.id = JobId::generate(), .task = "unknown"};
  return {.id = envelope->id, .task = envelope->task, .attempt = envelope->counted_attempt()};
}

/// How far the job is on its way to the dead: it is undone first, where it is a flow, then its hook is
/// called.
enum class Dying : std::uint8_t { kNo, kUndo, kHook };

Dying dying_in(const std::string& payload, std::size_t payload_limit) {
  auto decoded = decode(payload, payload_limit);
  const auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr || !worker::is_dying(*job)) return Dying::kNo;
  return job->undo ? Dying::kUndo : Dying::kHook;
}

worker::HeldLease& held(worker::HeldLease& lease) {
  lease.renewed(worker::HeldLease::Clock::now(), true);
  return lease;
}

App& with_tables(App& app) {
  migrate(app);
  return app;
}

}  // namespace

void Recorder::on(const worker::Event& event) {
  if (run_of_thread != nullptr) std::visit(Note{*run_of_thread}, event);
}

Runner::Runner(App& app)
    : app_{with_tables(app)},
      lease_{std::chrono::hours{24 * 365}},
      home_{app, queues_of(app), true},
      context_{.app = app,
               .worker = kTestWorker,
               .unknown_task_grace = std::chrono::minutes{10},
               .leases = held(lease_),
               .home = home_},
      deadlines_{context_.running, [](const worker::RunningBody::Look&) {}} {
  deadlines_.spare_process();  // a body that ends late has failed by its limit, and the test goes on
  context_.events.add(recorder_);
  context_.thrown = [] {
    if (run_of_thread != nullptr) run_of_thread->thrown = std::current_exception();
  };
  context_.running.add(running_);
  context_.running.add(beside_);
  home_
      .check();  // and not enter(), which would lock the row of the app for as long as the test's transaction
}

Runner::End Runner::run(Fetched job, worker::RunningJob& running, RunFault* fault) {
  auto& interrupt = running.body->interrupt();
  const Interrupt::OfThread of_thread{interrupt};
  const auto& databases = app_.core().databases();
  for (const auto& [alias, database] : databases) {
    if (Session::find(*database->core()) != nullptr) Interrupt::made(Session::share(database->core()));
  }
  const WatchedUses watched{interrupt, fault};
  const auto limit = app_.options().payload_limit;
  auto run = described(job, limit);
  const Recording recording{run};
  for (auto was = dying_in(job.payload, limit);;) {
    running.begin();
    worker::Attempt attempt{context_, job, running};
    auto settlement = attempt.run();
    if (!settlement) {
      if (fault != nullptr) fault->at_commit();
      settlement = attempt.finish(fault != nullptr ? fault->behind_commit() : nullptr);
      for (const auto& [alias, database] : databases) {
        if (auto* const session = Session::find(*database->core())) session->drop_ahead();
      }
    }
    context_.progress.take();  // nobody writes it down
    const auto is =
        settlement->kind == Settlement::Kind::kRetry ? dying_in(settlement->payload, limit) : Dying::kNo;
    if (is <= was) return {std::move(run), *std::move(settlement)};
    was = is;
    job.payload = std::move(settlement->payload);
  }
}

}  // namespace aftercommit::testing
