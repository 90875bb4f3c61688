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
#include "operate/pauses.hpp"
#include "operate/relay_lag.hpp"
#include "operate/workers.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr auto kQueuesKnown = 30s;  // until all keys of Redis are looked through again
constexpr std::size_t kDeadShown = 50;

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

void Collector::show_dead(bool shown) {
  const std::lock_guard lock{mutex_};
  look_now_ = look_now_ || (shown && !shows_dead_);
  shows_dead_ = shown;
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
    bool shows_dead = false;
    {
      const std::lock_guard lock{mutex_};
      shows_dead = shows_dead_;
    }
    if (shows_dead) snapshot.dead = dead_of(*servers_);
    const bool all_answer = glance.answers.from_all();
    before_ = std::move(glance);
    if (!all_answer) servers_.reset();  // one that is away may be back at the next look
  } catch (const std::exception& error) {
    snapshot.trouble = error_text(error);
    servers_.reset();
  }
  return snapshot;
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
      case Act::Kind::kRetry:
      case Act::Kind::kRetryAll:
        break;
    }
    const bool all = act.kind == Act::Kind::kRetryAll;
    operate::DeadSelection selection;
    if (all) selection.filter.queue = act.queue;
    if (!all) selection.ids.push_back(act.id);
    const auto change = operate::retry_dead(*servers_, selection);
    if (change.changed == 0 && change.stay.empty()) return why_none(change);
    auto text = "retried " + std::to_string(change.changed) + (change.changed == 1 ? " job" : " jobs");
    if (!change.stay.empty()) {
      text += ", " + std::to_string(change.stay.size()) + " stay dead: " + change.stay.front().obstacle;
    }
    if (!change.all_seen) text += "; not all servers answer";
    return text;
  } catch (const std::exception& error) {
    servers_.reset();
    return error_text(error);
  }
}

}  // namespace aftercommit::cli
