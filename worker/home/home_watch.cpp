#include "worker/home/home_watch.hpp"

#include <algorithm>
#include <map>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

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
  while (true) {
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, options_.heartbeat, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      home_.check();
      if (looked || std::chrono::steady_clock::now() < first_look) continue;
      look_for_unserved_queues();
      looked = true;
    } catch (const std::exception&) {
      // The broker is away, as others say; another look comes.
    }
  }
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
