#include "cli/top/collector.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/signals_blocked.hpp"
#include "client/postgres/error_text.hpp"
#include "operate/dead_change.hpp"
#include "operate/dead_list.hpp"
#include "operate/limits.hpp"
#include "operate/pauses.hpp"
#include "operate/periodic.hpp"
#include "operate/relay_lag.hpp"
#include "operate/workers.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr auto kQueuesKnown = 30s;  // until all keys of Redis are looked through again
constexpr std::size_t kDeadShown = 50;
constexpr auto kRunPatience = 3s;  // for a worker to make the job of a periodic task: they look every 2 s

std::string error_text(const std::exception& error) {
  return dynamic_cast<const Error*>(&error) != nullptr ? error.what() : detail::first_line(error);
}

QueueLine line_of(const Queue& name, const operate::QueueGlance& queue) {
  auto dead = queue.dead_rows;
  dead.jobs += queue.redis.dead;
  return {.name = name,
          .ready = queue.redis.ready,
          .delayed = queue.redis.delayed,
          .running = queue.redis.running,
          .dead = dead,
          .oldest = queue.redis.oldest,
          .workers = queue.redis.workers,
          .paused = queue.paused().has_value()};
}

std::optional<double> rate_between(const operate::Glance& before, const operate::Glance& now,
                                   const Queue& queue) {
  const auto earlier = before.queues.find(queue);
  const auto later = now.queues.find(queue);
  if (earlier == before.queues.end() || later == now.queues.end()) return std::nullopt;
  const auto& first = earlier->second.redis.ended;
  const auto& second = later->second.redis.ended;
  const auto seconds = std::chrono::duration<double>{now.looked_at - before.looked_at}.count();
  if (!first || !second || *second < *first || seconds <= 0) return std::nullopt;
  return static_cast<double>(*second - *first) / seconds;
}

std::vector<WorkerLine> workers_of(operate::Servers& servers, const std::vector<Queue>& queues) {
  std::vector<WorkerLine> lines;
  const auto now = std::chrono::system_clock::now();
  for (const auto& worker : operate::find_workers_of(servers, queues).workers) {
    auto& line = lines.emplace_back(WorkerLine{.id = worker.id,
                                               .queues = worker.queues,
                                               .lease = worker.left,
                                               .running = worker.running,
                                               .concurrency = worker.concurrency});
    if (worker.jobs.empty()) continue;
    line.task = worker.jobs.front().task;
    if (const auto since = worker.jobs.front().since)
      line.task_age = std::max(std::chrono::floor<milliseconds>(now - *since), 0ms);
  }
  return lines;
}

std::vector<DeadLine> dead_of(operate::Servers& servers) {
  std::vector<DeadLine> lines;
  const auto now = std::chrono::system_clock::now();
  for (const auto& dead : operate::newest_dead(servers, {}, kDeadShown).jobs) {
    lines.push_back({.id = dead.id,
                     .queue = dead.queue,
                     .task = dead.task(),
                     .age = std::max(std::chrono::floor<milliseconds>(now - dead.died_at), 0ms),
                     .reason = dead.reason()});
  }
  return lines;
}

std::string id_of(const std::string& database, const std::string& app, const std::string& name) {
  return database + '\n' + app + '\n' + name;
}

std::vector<PeriodicLine> periodic_of(operate::Servers& servers) {
  std::vector<PeriodicLine> lines;
  for (const auto& task : operate::periodic_tasks(servers)) {
    const auto& app = task.row.app;
    const auto& declared = task.row.declared;
    auto& line = lines.emplace_back(PeriodicLine{.id = id_of(task.alias, app, declared.name),
                                                 .database = task.alias,
                                                 .app = app,
                                                 .name = declared.name,
                                                 .state = std::string{operate::word(task.state())},
                                                 .schedule = declared.schedule,
                                                 .task = declared.task});
    if (const auto next = task.next_at()) line.until_next = *next - task.row.now;
    if (task.row.last_tick) line.last_ago = std::max<milliseconds>(task.row.now - *task.row.last_tick, 0ms);
  }
  return lines;
}

std::vector<LimitLine> limits_of(operate::Servers& servers) {
  std::vector<LimitLine> lines;
  const auto now = std::chrono::system_clock::now();
  for (const auto& [database, row] : operate::limits(servers)) {
    auto& line = lines.emplace_back(LimitLine{.id = id_of(database, {}, row.name),
                                              .database = database,
                                              .name = row.name,
                                              .most = row.most,
                                              .declared = row.declared_most,
                                              .per = row.per,
                                              .per_key = row.per_key});
    if (row.changed_at)
      line.changed_ago = std::max(std::chrono::floor<milliseconds>(now - *row.changed_at), 0ms);
  }
  std::ranges::stable_sort(lines, {}, &LimitLine::name);
  return lines;
}

bool is_only_while_shown(Tab tab) { return tab != Tab::kQueues && tab != Tab::kWorkers; }

std::string act_on_periodic(operate::Servers& servers, const Act& act) {
  const auto all = operate::periodic_tasks(servers);
  const auto task = std::ranges::find_if(all, [&](const operate::PeriodicTask& one) {
    return one.alias == act.database && one.row.app == act.app && one.row.declared.name == act.name;
  });
  if (task == all.end()) return "periodic task '" + act.name + "' is not there any more";
  if (act.kind == Act::Kind::kRunPeriodic) {
    if (task->state() == operate::PeriodicTask::State::kGone)
      return "it is gone: no worker that runs declares it, so nobody would make its job";
    const auto job = operate::run_periodic(*task, kRunPatience);
    return job ? "job " + job->str() + " is made" : "asked for: a worker that declares it makes the job";
  }
  const bool pause = act.kind == Act::Kind::kPausePeriodic;
  operate::pause_periodic(*task, pause);
  return "periodic task '" + act.name +
         (pause ? "' is paused: its ticks are left out" : "' goes on with its next tick");
}

std::string act_on_limit(operate::Servers& servers, const Act& act) {
  const auto most = act.kind == Act::Kind::kSetLimit ? std::optional{act.most} : std::nullopt;
  operate::change_limit(servers, act.name, most);
  return "limit '" + act.name + "' is " + (most ? std::to_string(*most) : "as it is declared") +
         ", in all databases that know it";
}

/// Why an act has found no dead job.
std::string why_none(const operate::DeadChange& change) {
  if (!change.all_seen && !change.answers.outages.empty())
    return "not found, as not all servers answer: " + change.answers.outages.front().error;
  return "there was none any more";
}

/// The longest of all queues; nothing where no database tells.
std::optional<milliseconds> longest_lag(operate::Servers& servers, const operate::Glance& glance,
                                        const std::vector<Queue>& queues) {
  std::optional<milliseconds> longest;
  if (glance.answers.no_redis) return longest;  // nothing is relayed
  for (const auto& alias : glance.answers.databases) {
    const auto is_away = [&](const auto& outage) { return outage.alias == alias; };
    if (std::ranges::any_of(glance.answers.outages, is_away)) continue;
    try {
      for (const auto& [queue, lag] : operate::relay_lags(servers.store(alias), servers.broker(), queues))
        longest = std::max(longest, std::optional{lag});
    } catch (const BrokerUnavailable&) {
      throw;
    } catch (const std::exception&) {
      // A standby, or no right to read it: not shown.
    }
  }
  return longest;
}

}  // namespace

Collector::Collector(operate::Connections connections, milliseconds every)
    : connections_{std::move(connections)}, every_{every} {
  if (::pipe2(news_, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::runtime_error{std::string{"top cannot make a pipe: "} + std::strerror(errno)};
  const detail::SignalsBlocked blocked;  // they are for the thread of the screen
  thread_ = std::thread{[this] { run(); }};
}

Collector::~Collector() {
  end(milliseconds{0});
  thread_.join();
  ::close(news_[0]);
  ::close(news_[1]);
}

bool Collector::end(milliseconds patience) {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  wake_.notify_all();
  return wake_.wait_for(lock, patience, [this] { return ended_; });
}

bool Collector::is_acting() {
  const std::lock_guard lock{mutex_};
  return acting_ || !acts_.empty();
}

Collector::News Collector::take() {
  char bytes[64];
  while (::read(news_[0], bytes, sizeof bytes) > 0) {
  }
  const std::lock_guard lock{mutex_};
  return std::exchange(untold_, News{});
}

void Collector::ask(Act act) {
  const std::lock_guard lock{mutex_};
  acts_.push_back(std::move(act));
  wake_.notify_all();
}

void Collector::show(Tab tab) {
  const std::lock_guard lock{mutex_};
  if (tab == shown_) return;
  look_now_ = look_now_ || is_only_while_shown(tab);
  shown_ = tab;
  wake_.notify_all();
}

/// With the mutex held.
void Collector::tell() {
  const char byte = 1;
  [[maybe_unused]] const auto written = ::write(news_[1], &byte, 1);  // full: it can be read anyhow
}

void Collector::run() {
  auto next = std::chrono::steady_clock::now();
  std::unique_lock lock{mutex_};
  while (!stopping_ || !acts_.empty()) {  // what somebody has said yes to is done
    if (!acts_.empty()) {
      const auto act = std::move(acts_.front());
      acts_.pop_front();
      acting_ = true;
      lock.unlock();
      auto message = perform(act);
      lock.lock();
      acting_ = false;
      untold_.message = std::move(message);
      look_now_ = true;
      tell();
      continue;
    }
    if (look_now_ || std::chrono::steady_clock::now() >= next) {
      look_now_ = false;
      lock.unlock();
      next = std::chrono::steady_clock::now() + every_;
      auto snapshot = look();
      lock.lock();
      untold_.snapshot = std::move(snapshot);
      tell();
      continue;
    }
    wake_.wait_until(lock, next, [this] { return stopping_ || look_now_ || !acts_.empty(); });
  }
  ended_ = true;
  wake_.notify_all();
}

Snapshot Collector::look() {
  Snapshot snapshot;
  snapshot.at = std::chrono::system_clock::now();
  try {
    if (!servers_) servers_.emplace(connections_);
    const auto now = std::chrono::steady_clock::now();
    snapshot.databases = servers_->app().database_aliases().size();
    try {
      if (queues_.empty() || now - queues_known_at_ > kQueuesKnown) {
        queues_ = servers_->broker().queues();
        queues_known_at_ = now;
      }
    } catch (const BrokerUnavailable&) {
      // The look below says so.
    }
    auto glance = operate::glance(*servers_, queues_);
    for (const auto& [name, queue] : glance.queues) {
      auto& line = snapshot.queues.emplace_back(line_of(name, queue));
      if (before_) line.rate = rate_between(*before_, glance, name);
      if (std::ranges::find(queues_, name) == queues_.end()) queues_.push_back(name);
    }
    snapshot.redis_answers = glance.answers.from_redis();
    for (const auto& outage : glance.answers.outages) {
      snapshot.databases_away += outage.is_redis() ? 0 : 1;
      if (snapshot.trouble.empty()) snapshot.trouble = outage.error;
    }
    if (snapshot.redis_answers) {
      snapshot.workers = workers_of(*servers_, queues_);
      snapshot.relay_lag = longest_lag(*servers_, glance, queues_);
    }
    Tab shown = Tab::kQueues;
    {
      const std::lock_guard lock{mutex_};
      shown = shown_;
    }
    look_at(shown, snapshot);
    const bool all_answer = glance.answers.from_all();
    before_ = std::move(glance);
    if (!all_answer) servers_.reset();  // one that is away may be back at the next look
  } catch (const std::exception& error) {
    snapshot.trouble = error_text(error);
    servers_.reset();
  }
  return snapshot;
}

void Collector::look_at(Tab tab, Snapshot& snapshot) {
  if (tab == Tab::kDead) snapshot.dead = dead_of(*servers_);
  if (snapshot.databases == 0 || (tab != Tab::kPeriodic && tab != Tab::kLimits)) return;
  try {
    if (tab == Tab::kPeriodic) snapshot.periodic = periodic_of(*servers_);
    if (tab == Tab::kLimits) snapshot.limits = limits_of(*servers_);
  } catch (const std::exception& error) {  // tables that are too old, say: the rest is shown
    if (snapshot.trouble.empty()) snapshot.trouble = error_text(error);
  }
}

std::string Collector::perform(const Act& act) {
  try {
    if (!servers_) servers_.emplace(connections_);
    switch (act.kind) {
      case Act::Kind::kPause:
        operate::pause(*servers_, act.queue);
        return "queue " + act.queue + " is paused: workers know at their next heartbeat";
      case Act::Kind::kResume:
        operate::resume(*servers_, act.queue);
        return "queue " + act.queue + " is resumed: workers know at their next heartbeat";
      case Act::Kind::kDelete: {
        const auto change = operate::delete_dead(*servers_, {.ids = {act.id}});
        return change.changed > 0 ? "deleted" : why_none(change);
      }
      case Act::Kind::kPausePeriodic:
      case Act::Kind::kResumePeriodic:
      case Act::Kind::kRunPeriodic:
        return act_on_periodic(*servers_, act);
      case Act::Kind::kSetLimit:
      case Act::Kind::kResetLimit:
        return act_on_limit(*servers_, act);
      case Act::Kind::kRetry:
      case Act::Kind::kRetryAll:
        break;
    }
    const bool all = act.kind == Act::Kind::kRetryAll;
    operate::DeadSelection selection;
    if (all) selection.filter.queue = act.queue;
    if (!all) selection.ids.push_back(act.id);
    const auto change = operate::retry_dead(*servers_, selection);
    if (change.changed == 0 && change.stays == 0) return why_none(change);
    auto text = "retried " + std::to_string(change.changed) + (change.changed == 1 ? " job" : " jobs");
    if (change.stays > 0) {
      text += ", " + std::to_string(change.stays) + " stay dead: " + change.stay.front().obstacle;
    }
    if (!change.all_seen) text += "; not all servers answer";
    return text;
  } catch (const std::exception& error) {
    servers_.reset();
    return error_text(error);
  }
}

}  // namespace aftercommit::cli
