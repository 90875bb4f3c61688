#include "worker/daemon.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "aftercommit/job_id.hpp"
#include "aftercommit/log.hpp"
#include "client/app_core.hpp"
#include "client/broker_sender.hpp"
#include "worker/give_back.hpp"

namespace aftercommit::worker {
namespace {

/// New at every start: a restarted worker must not be taken for the one that died.
WorkerId make_worker_id() {
  std::array<char, 65> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto random = JobId::generate().str().substr(24);
  return clean_text(host.data(), 40) + "-" + std::to_string(::getpid()) + "-" + random;
}

std::vector<Queue> names(const std::vector<QueueChoice>& choices) {
  std::vector<Queue> queues;
  for (const auto& choice : choices) queues.push_back(choice.name);
  return queues;
}

}  // namespace

Daemon::Daemon(App& app, const Options& options)
    : app_{app},
      options_{options},
      context_{.app = app, .worker = make_worker_id(), .unknown_task_grace = options.unknown_task_grace},
      buffer_{options.concurrency, options.prefetch},
      settler_{connect(), context_.worker},
      sender_before_{app.core().set_sender(make_sender())},
      executors_{make_executors()},
      scheduler_{connect(), names(options.queues)},
      fetcher_{connect(), context_.worker, QueueOrder{options.queues}, buffer_, settler_} {}

Daemon::~Daemon() {
  executors_.clear();  // first: a task of theirs may still be sending
  app_.core().set_sender(std::move(sender_before_));
}

std::unique_ptr<Broker> Daemon::connect() const { return make_broker(app_.options().redis_url); }

std::shared_ptr<detail::JobSender> Daemon::make_sender() {
  const auto& options = app_.options();
  return std::make_shared<detail::BrokerSender>(
      options.redis_url, options.enqueue_timeout,
      [this](std::vector<Outgoing> unsent) { settler_.send(std::move(unsent)); });
}

std::vector<std::unique_ptr<Executor>> Daemon::make_executors() {
  std::vector<std::unique_ptr<Executor>> executors;
  try {
    for (std::size_t i = 0; i < options_.concurrency; ++i) {
      executors.push_back(std::make_unique<Executor>(context_, buffer_, settler_));
    }
  } catch (...) {  // no more threads: those that run already wait for jobs, and would do so for ever
    buffer_.close();
    throw;
  }
  return executors;
}

void Daemon::shut_down(Signals& signals) {
  using namespace std::chrono_literals;
  scheduler_.request_stop();
  fetcher_.stop();
  for (auto& job : buffer_.close()) settler_.settle(give_back(std::move(job)));
  if (!wait_until_idle(options_.shutdown_timeout, signals)) {
    log(LogLevel::kWarning, "the shutdown timeout has passed; cancelling what still runs",
        {{"jobs", std::to_string(buffer_.running())}});
    context_.stop = true;
    for (const auto& executor : executors_) executor->cancel();
    if (!wait_until_idle(500ms, signals)) give_back_what_still_runs();
  }
  if (!settler_.flush(2s)) {
    log(LogLevel::kError, "the broker is away: jobs that are not settled stay in this worker's name");
    std::_Exit(kExitForced);  // the settler would wait for it
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
          {{"jobs", std::to_string(buffer_.running())}});
      std::_Exit(kExitForced);
    }
  }
  return true;
}

void Daemon::give_back_what_still_runs() {
  for (const auto& executor : executors_) {
    if (auto job = executor->abandon()) settler_.settle(give_back(std::move(*job)));
  }
  using namespace std::chrono_literals;
  settler_.flush(1s);
  log(LogLevel::kWarning,
      "stopped; tasks that ignored their cancellation were cut off and their jobs given back");
  std::_Exit(kExitStopped);  // their threads cannot be joined
}

}  // namespace aftercommit::worker
