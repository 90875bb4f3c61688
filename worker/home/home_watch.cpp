#include "worker/home/home_watch.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "aftercommit/log.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/no_redis.hpp"
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
    : app_{app},
      options_{options},
      home_{home},
      thread_{
          {.role = "looking whose the queues are", .shares_connections = true},
          [this](const std::stop_token&) {
            constexpr Millis kSoon{500};  // nothing is fetched from a server that is back before it is asked
            if (Clock::now() >= look_at_ || home_.may_learn()) look();
            return home_.all_known() ? options_.heartbeat : std::min<Millis>(options_.heartbeat, kSoon);
          }} {}

void HomeWatch::look() {
  home_.check();
  look_at_ = Clock::now() + options_.heartbeat;
  if (!looked_for_unserved_ && Clock::now() >= look_for_unserved_at_) {
    look_for_unserved_queues();
    looked_for_unserved_ = true;
  }
  if (!options_.relay_only) declare_queues();
}

void HomeWatch::declare_queues() {
  if (Clock::now() < declare_at_) return;
  std::vector<DeclaredQueue> queues;
  for (const auto& [queue, task] : declared_queues(app_)) queues.push_back({queue, task});
  try {
    make_broker(app_.options().redis_url)
        ->declare_queues(queues, std::max<Millis>(kDeclared, 3 * options_.heartbeat));
  } catch (const BrokerRefused&) {
    // Redis is full, say: an operator is shown less, and nothing else depends on it.
  }
  declare_at_ = Clock::now() + kDeclaredAnew;
}

void HomeWatch::look_for_unserved_queues() {
  if (is_no_redis(app_.options().redis_url)) return;  // nobody knows who serves it
  const auto broker = make_broker(app_.options().redis_url);
  const auto served = names_of(options_.queues);
  for (const auto& [queue, task] : declared_queues(app_)) {
    if (std::ranges::find(served, queue) != served.end() || broker->counts(queue).workers > 0) continue;
    log(LogLevel::kWarning, "no worker serves a queue that a task is declared for: its jobs wait",
        {{"queue", queue}, {"declared_by", task}});
  }
}

}  // namespace aftercommit::worker
