#include "worker/home/home_watch.hpp"

#include <algorithm>
#include <map>

#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

/// So long an operator is shown a queue after the last worker that declares it: one that no task is declared
/// for any more is soon forgotten.
constexpr Millis kDeclared = std::chrono::hours{1};
constexpr Millis kDeclaredAnew = std::chrono::minutes{1};

/// The queues that tasks are declared for, each with one of these tasks.
std::map<Queue, std::string> declared_queues(App& app) {
  std::map<Queue, std::string> declared;
  for (const auto& name : app.core().task_names()) {
    declared.emplace(app.core().find_task(name)->options.queue, name);
  }
  return declared;
}

}  // namespace

std::vector<std::string> undeclared_queues(App& app, const Options& options) {
  const auto declared = declared_queues(app);
  if (options.relay_only || declared.empty()) return {};
  std::string known;
  for (const auto& [queue, task] : declared) known += (known.empty() ? "" : ", ") + queue;
  std::vector<std::string> sentences;
  for (const auto& queue : names_of(options.queues)) {
    if (declared.contains(queue)) continue;
    sentences.push_back(
        "no task of app '" + app.name() + "' is declared for queue '" + queue +
        "', which --queues names: it gets only jobs whose call names it (declared are: " + known + ")");
  }
  return sentences;
}

HomeWatch::HomeWatch(App& app, const Options& options, Home& home)
    : app_{app}, options_{options}, home_{home}, thread_{[this](const std::stop_token& stop) {
        run(stop);
      }} {}

void HomeWatch::run(const std::stop_token& stop) {
  // Workers that are started together with this one have their leases by then.
  const auto first_look = std::chrono::steady_clock::now() + options_.lease;
  bool looked = options_.relay_only;
  const auto look = [&] {
    home_.check();
    if (!looked && std::chrono::steady_clock::now() >= first_look) {
      look_for_unserved_queues();
      looked = true;
    }
    if (!options_.relay_only) declare_queues();
    reconnect_.succeeded();
  };
  while (wait_a_heartbeat(stop)) {
    while (!stop.stop_requested() && !reconnect_.attempt(stop, look)) {
    }
  }
}

/// False if it is to stop.
bool HomeWatch::wait_a_heartbeat(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, stop, options_.heartbeat, [] { return false; });
  return !stop.stop_requested();
}

void HomeWatch::declare_queues() {
  if (std::chrono::steady_clock::now() < declare_at_) return;
  std::vector<DeclaredQueue> queues;
  for (const auto& [queue, task] : declared_queues(app_)) queues.push_back({queue, task});
  try {
    make_broker(app_.options().redis_url)
        ->declare_queues(queues, std::max<Millis>(kDeclared, 3 * options_.heartbeat));
  } catch (const BrokerRefused&) {
    // Redis is full, say: an operator is shown less, and nothing else depends on it.
  }
  declare_at_ = std::chrono::steady_clock::now() + kDeclaredAnew;
}

void HomeWatch::look_for_unserved_queues() {
  const auto broker = make_broker(app_.options().redis_url);
  const auto served = names_of(options_.queues);
  for (const auto& [queue, task] : declared_queues(app_)) {
    if (std::ranges::find(served, queue) != served.end() || broker->counts(queue).workers > 0) continue;
    log(LogLevel::kWarning, "no worker serves a queue that a task is declared for: its jobs wait",
        {{"queue", queue}, {"declared_by", task}});
  }
}

}  // namespace aftercommit::worker
