#include "worker/daemon.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"
#include "client/sending/broker_sender.hpp"
#include "worker/held/give_back.hpp"
#include "worker/log/logging.hpp"

namespace aftercommit::worker {

SenderSwap::SenderSwap(App& app, std::shared_ptr<detail::JobSender> sender)
    : app_{app}, before_{app.core().set_sender(std::move(sender))} {}

SenderSwap::~SenderSwap() { app_.core().set_sender(std::move(before_)); }

Daemon::Daemon(App& app, const Options& options, WorkerId worker, Home& home, Preparations preparations,
               ChildSlots* slots)
    : app_{app},
      options_{options},
      queues_{names_of(options.queues)},
      lease_{options.lease},
      context_{.app = app,
               .worker = std::move(worker),
               .unknown_task_grace = options.unknown_task_grace,
               .lease = lease_,
               .home = home,
               .preparations = std::move(preparations)},
      buffer_{options.concurrency, options.prefetch},
      settler_{connect(), context_.worker, in_hand_},
      sender_{app, make_sender()},
      executors_{context_, buffer_, settler_, options.concurrency, slots},
      scheduler_{connect(), queues_},
      returner_{connect(), queues_, context_.gate, buffer_},
      purger_{app, options.keep_ledger},
      recoverer_{connect(), app, context_.worker, queues_, lease_, context_.locked},
      fetcher_{connect(), context_.worker, QueueOrder{options.queues}, lease_, home, in_hand_, context_.gate,
               buffer_,   settler_} {
  if (options.relay) relays_.emplace(app, queues_, options.relay_interval, home);
  for (const auto& [alias, database] : app.core().databases()) {
    presences_.push_back(std::make_unique<Presence>(*database, options.heartbeat));
  }
  heartbeat_.emplace(connect(), context_.worker, queues_, lease_, options.heartbeat);
  watchdog_.emplace(watched(), options.hang_timeout,
                    [slots](const std::string& which) { end_hung_process(slots, which); });
}

std::vector<Watchdog::Watched> Daemon::watched() {
  using Cause = Watchdog::Cause;
  const auto only_if = [](bool waits_in_vain) { return waits_in_vain ? Cause::kOurs : Cause::kNone; };
  std::vector<Watchdog::Watched> all;
  std::size_t number = 0;
  for (const auto& executor : executors_) {
    all.push_back({.name = "executor " + std::to_string(++number),
                   .progress = &executor->progress(),
                   .cause = [&executor](Phase phase) { return executor->cause(phase); },
                   .job = [&executor] { return executor->job_at_hand(); }});
  }
  all.push_back({.name = "fetcher", .progress = &fetcher_.progress(), .cause = [=, this](Phase phase) {
                   return only_if(phase != Phase::kWaiting ||
                                  (lease_.held() && context_.home.right() && buffer_.is_unfilled()));
                 }});
  all.push_back({.name = "settler", .progress = &settler_.progress(), .cause = [=, this](Phase phase) {
                   return only_if(phase != Phase::kWaiting || settler_.is_behind());
                 }});
  all.push_back({.name = "scheduler", .progress = &scheduler_.progress(), .cause = [=](Phase phase) {
                   return only_if(phase != Phase::kWaiting);
                 }});
  all.push_back({.name = "heartbeat", .progress = &heartbeat_->progress(), .cause = [=](Phase phase) {
                   return only_if(phase != Phase::kWaiting);
                 }});
  return all;
}

std::unique_ptr<Broker> Daemon::connect() const { return make_broker(app_.options().redis_url); }

std::shared_ptr<detail::JobSender> Daemon::make_sender() {
  const auto& options = app_.options();
  return std::make_shared<detail::BrokerSender>(
      options.redis_url, options.enqueue_timeout,
      [this](std::vector<Outgoing> unsent) { settler_.send(std::move(unsent)); });
}

void Daemon::shut_down(Signals& signals) {
  using namespace std::chrono_literals;
  watchdog_.reset();  // the stop has bounds of its own
  scheduler_.request_stop();
  returner_.request_stop();
  purger_.request_stop();
  recoverer_.request_stop();
  if (relays_) relays_->request_stop();
  fetcher_.stop();
  for (auto& job : buffer_.close()) settler_.settle(give_back(std::move(job)));
  if (!wait_until_idle(options_.shutdown_timeout, signals)) {
    log(LogLevel::kWarning, "the shutdown timeout has passed; cancelling what still runs",
        {{"jobs", buffer_.running()}});
    context_.stop = true;
    for (const auto& executor : executors_) executor->cancel();
    if (!wait_until_idle(500ms, signals)) give_back_what_still_runs();
  }
  if (!settler_.flush(2s)) exit_with_jobs_held();
  retire();
}

/// Nobody has to wait for the lease of a worker that has settled all.
void Daemon::retire() {
  heartbeat_.reset();
  try {
    connect()->retire(context_.worker, queues_);
  } catch (const Error&) {
    // The broker is away: the others forget this worker after its lease.
  }
}

bool Daemon::wait_until_idle(std::chrono::milliseconds timeout, Signals& signals) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (buffer_.running() > 0) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    // One wait for both ends: a second signal, and, by a short slice, the last job.
    constexpr std::chrono::milliseconds kSlice{10};
    if (signals.wait_for(std::min(std::chrono::ceil<std::chrono::milliseconds>(left), kSlice))) {
      log(LogLevel::kWarning, "second signal: ending at once; running jobs are not given back",
          {{"jobs", buffer_.running()}});
      std::_Exit(kExitForced);
    }
  }
  return true;
}

void Daemon::give_back_what_still_runs() {
  using namespace std::chrono_literals;
  for (const auto& executor : executors_) {
    for (auto& settlement : executor->abandon()) settler_.settle(std::move(settlement));
  }
  if (settler_.flush(1s)) {
    log(LogLevel::kWarning,
        "stopped; tasks that ignored their cancellation were cut off and their jobs given back");
    end_at_once(kExitStopped);  // their threads cannot be joined
  }
  exit_with_jobs_held();
}

void Daemon::exit_with_jobs_held() {
  log(LogLevel::kError, "the broker is away: jobs that are not settled come back after this worker's lease");
  end_at_once(kExitForced);  // the settler would wait for it
}

}  // namespace aftercommit::worker
