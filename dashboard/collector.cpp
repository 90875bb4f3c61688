#include "dashboard/collector.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/log/log_format.hpp"
#include "broker/contract/levels.hpp"
#include "broker/contract/no_redis.hpp"
#include "dashboard/servers_pool.hpp"
#include "operate/relay_lag.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::Glance;
using operate::Json;
using operate::QueueGlance;
using operate::Sized;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kWatchedFor{20};  // after the last page has asked
constexpr seconds kUnwatchedInterval{30};
constexpr std::size_t kRelaysLookedAt = 32;  // queues
constexpr std::size_t kAttentionShown = 30;

Json in_json(const Sized& sized) {
  return {{"jobs", sized.jobs}, {"at_least", sized.at_least}, {"is_estimate", sized.is_estimate}};
}

Json ms(std::optional<milliseconds> time) {
  return time ? Json(std::max<std::int64_t>(time->count(), 0)) : Json(nullptr);
}

Sized dead_of(const QueueGlance& queue) {
  auto dead = queue.dead_rows;
  dead.jobs += queue.redis.dead;
  return dead;
}

/// What a worker counts, and how it is called here.
struct Healed {
  const char* name;
  const char* metric;
};
constexpr auto kHealed =
    std::to_array<Healed>({{"duplicates_suppressed", "aftercommit_jobs_total{outcome=duplicate}"},
                           {"zombies_fenced", "aftercommit_zombies_fenced_total"},
                           {"lease_losses", "aftercommit_lease_losses_total"},
                           {"brought_back", "aftercommit_relay_jobs_total"},
                           {"redis_losses", "aftercommit_broker_losses_total"},
                           {"reconnects", "aftercommit_reconnects_total"}});

}  // namespace

Collector::Collector(operate::Connections connections, const std::vector<std::string>& metrics)
    : connections_{std::move(connections)},
      metrics_{metrics},
      audit_{connections_},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

Collector::~Collector() {
  thread_.request_stop();
  thread_.join();  // before what it uses is gone
}

/// To wait for a server that is away takes nobody's time: were it counted, who waits for it to come back
/// would hear of that minutes later.
Collector::Clock::duration Collector::cost_of(Clock::duration took, const operate::Answers* answers) {
  constexpr milliseconds kMostOfOutage{250};  // so that it is looked at again within 5 s
  const bool away = answers == nullptr || !answers->from_all();
  const bool too_slow =
      answers != nullptr && std::ranges::any_of(answers->outages, &operate::Outage::too_slow);
  return away && !too_slow ? std::min<Clock::duration>(took, kMostOfOutage) : took;
}

void Collector::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    look(stop);
    std::unique_lock lock{mutex_};
    const auto looked_at = Clock::now();
    const auto is_time = [&] {
      if (!glances_.is_time()) return false;
      return hurry_ || Clock::now() - watched_at_ < kWatchedFor ||
             Clock::now() - looked_at >= kUnwatchedInterval;
    };
    while (!stop.stop_requested() && !is_time()) {
      wake_.wait_for(lock, stop, milliseconds{200}, [] { return false; });
    }
    hurry_ = false;
  }
}

void Collector::look(const std::stop_token& stop) {
  look_at_servers();
  if (!metric_looks_.is_time()) return;
  const auto began = Clock::now();
  auto healed = metrics_.look(stop);
  metric_looks_.took(Clock::now() - began);
  const std::scoped_lock lock{mutex_};
  healed_ = std::move(healed);
}

void Collector::look_at_servers() {
  const auto began = Clock::now();
  {
    const std::scoped_lock lock{mutex_};
    looking_since_ = began;
  }
  Glance glance;
  std::optional<Refusal> trouble;
  try {
    if (!servers_) servers_ = std::make_unique<operate::Servers>(connections_);
    if (scans_.is_time()) scan();
    glance = operate::glance(*servers_, known_queues_);
    for (const auto& [name, queue] : glance.queues) {  // those that only a database knows so far
      const auto place = std::ranges::lower_bound(known_queues_, name);
      if (place == known_queues_.end() || *place != name) known_queues_.insert(place, name);
    }
    if (relays_.is_time()) {
      const auto relays_began = Clock::now();
      look_at_relays();
      relays_.took(Clock::now() - relays_began);
    }
    if (!glance.answers.from_all()) servers_.reset();  // what was away at the first look stays so for them
  } catch (const std::exception& error) {
    trouble = refusal_of(error);
    servers_.reset();
  }
  glances_.took(cost_of(Clock::now() - began, trouble ? nullptr : &glance.answers));

  const std::scoped_lock lock{mutex_};
  looking_since_.reset();
  looked_ = true;
  at_ = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());  // as charts tell it
  if (scanned_) queue_names_ = known_queues_;
  trouble_ = std::move(trouble);
  seen_.notify_all();
  if (trouble_) return;
  history_.add(glance, at_);
  glance_ = std::move(glance);
  if (!glance_->answers.from_all()) return;
  std::int64_t jobs = 0;
  bool all_counted = true;  // or estimated
  for (const auto& [name, queue] : glance_->queues) {
    jobs += queue.redis.ready + queue.redis.delayed + queue.redis.running + queue.durable.jobs +
            dead_of(queue).jobs;
    all_counted = all_counted && !queue.durable.at_least && !queue.dead_rows.at_least;
  }
  audit_.consider(jobs, all_counted, Clock::now() - watched_at_ < kWatchedFor);
}

/// Through all keys of Redis, which others may use as well: so seldom, and on behalf of all pages.
void Collector::scan() {
  const auto began = Clock::now();
  std::vector<Queue> queues;
  const auto answers =
      servers_->look_at_each([](const operate::Store&) {}, [&](Browsing& redis) { queues = redis.queues(); });
  if (!answers.from_redis()) return;
  known_queues_ = std::move(queues);
  scanned_ = true;
  scans_.took(Clock::now() - began);
}

/// Not a part of the look itself: where it fails, only the lag is not known.
void Collector::look_at_relays() {
  std::map<Queue, milliseconds> lags;
  if (is_no_redis(servers_->redis_url())) return;  // nothing is relayed
  try {
    const std::span queues{known_queues_.data(), std::min(known_queues_.size(), kRelaysLookedAt)};
    for (const auto& store : servers_->stores()) {
      for (const auto& [queue, lag] : operate::relay_lags(store, servers_->broker(), queues)) {
        lags[queue] = std::max(lags[queue], lag);
      }
    }
  } catch (const std::exception&) {
    lags.clear();
  }
  const std::scoped_lock lock{mutex_};
  relay_lags_ = std::move(lags);
}

void Collector::look_again() {
  const std::scoped_lock lock{mutex_};
  hurry_ = true;
  wake_.notify_all();
}

void Collector::watched_and_seen(std::unique_lock<std::mutex>& lock) {
  constexpr seconds kPatience{6};
  watched_at_ = Clock::now();
  wake_.notify_all();
  seen_.wait_for(lock, kPatience, [this] { return looked_; });
}

Json Collector::state() const {
  Json outages = Json::array();
  if (glance_) {
    for (const auto& outage : glance_->answers.outages) {
      outages.push_back(
          {{"server", outage.is_redis() ? operate::name_of(outage) : outage.alias}, {"error", outage.error}});
    }
  }
  const auto age = std::chrono::system_clock::now() - at_;
  const auto trouble = trouble_now();
  Json state{
      {"at", looked_ ? Json(utc(at_)) : Json(nullptr)},
      {"age_ms", looked_ ? Json(std::chrono::duration_cast<milliseconds>(age).count()) : Json(nullptr)},
      {"trouble",
       trouble.empty() && !looked_ ? Json("the servers have not answered yet") : operate::or_null(trouble)},
      {"outages", std::move(outages)}};
  state.update(operate::in_json(glance_ ? glance_->answers : operate::Answers{}));
  return state;
}

Json Collector::queue_in_json(const std::string& name, const QueueGlance& queue) const {
  const bool redis = glance_->answers.from_redis();
  const auto known = [&](std::int64_t number) { return redis ? Json(number) : Json(nullptr); };
  Json levels = Json::object();
  for (const auto level : kAllLevels)
    levels[std::string{name_of(level)}] = queue.redis.ready_at.at(index_of(level));
  const auto paused = queue.paused();
  const auto lag = relay_lags_.find(name);
  const auto rate = history_.rate(name);
  return {{"queue", name},
          {"ready", known(queue.redis.ready)},
          {"delayed", known(queue.redis.delayed)},
          {"running", known(queue.redis.running)},
          {"ready_by_level", redis ? std::move(levels) : Json(nullptr)},
          {"oldest_ms", redis ? ms(queue.redis.oldest) : Json(nullptr)},
          {"rate", rate && redis ? Json(*rate) : Json(nullptr)},
          {"workers", known(queue.redis.workers)},
          {"declared_by", operate::or_null(queue.redis.declared_by)},
          {"dead", in_json(dead_of(queue))},
          {"died_lately", queue.died_lately},
          {"durable", in_json(queue.durable)},
          {"oldest_durable_ms", ms(queue.oldest_durable)},
          {"relay_lag_ms", lag == relay_lags_.end() ? Json(nullptr) : ms(lag->second)},
          {"paused", paused.has_value()},
          {"paused_since", paused ? Json(utc(*paused)) : Json(nullptr)}};
}

/// The queues that somebody should look at, and why; the worst first.
Json Collector::attention() const {
  struct Line {
    int order;
    std::string queue;
    const char* why;
    Json number;
  };
  std::vector<Line> lines;
  constexpr milliseconds kLongLag{30'000};
  const bool redis = glance_->answers.from_redis();
  for (const auto& [name, queue] : glance_->queues) {
    const auto jobs = queue.redis.ready + queue.redis.delayed + queue.redis.running + queue.durable.jobs;
    if (redis && queue.redis.workers == 0 && jobs > 0) lines.push_back({0, name, "unserved", jobs});
    if (queue.died_lately > 0) lines.push_back({1, name, "dying", queue.died_lately});
    const auto lag = relay_lags_.find(name);
    if (lag != relay_lags_.end() && lag->second > kLongLag)
      lines.push_back({2, name, "relay_behind", ms(lag->second)});
    if (queue.paused()) lines.push_back({3, name, "paused", nullptr});
  }
  std::ranges::stable_sort(lines, {}, &Line::order);
  if (lines.size() > kAttentionShown) lines.resize(kAttentionShown);
  Json list = Json::array();
  for (auto& line : lines) {
    list.push_back({{"queue", line.queue}, {"why", line.why}, {"number", std::move(line.number)}});
  }
  return list;
}

Json Collector::overview(History::Time since) {
  std::unique_lock lock{mutex_};
  watched_and_seen(lock);
  auto document = state();
  Json sum = nullptr;
  Json lines = Json::array();
  if (glance_) {
    QueueGlance all;
    std::set<std::string> paused;
    for (const auto& [name, queue] : glance_->queues) {
      all.redis.ready += queue.redis.ready;
      all.redis.delayed += queue.redis.delayed;
      all.redis.running += queue.redis.running;
      all.redis.dead += queue.redis.dead;
      all.redis.oldest = std::max(all.redis.oldest, queue.redis.oldest);
      all.dead_rows = operate::sum(all.dead_rows, queue.dead_rows);
      all.durable = operate::sum(all.durable, queue.durable);
      all.died_lately += queue.died_lately;
      if (queue.paused()) paused.insert(name);
    }
    const bool redis = glance_->answers.from_redis();
    const auto known = [&](std::int64_t number) { return redis ? Json(number) : Json(nullptr); };
    milliseconds lag{-1};
    for (const auto& [name, behind] : relay_lags_) lag = std::max(lag, behind);
    sum = {
        {"queues", glance_->queues.size()},    {"paused", paused.size()},
        {"ready", known(all.redis.ready)},     {"delayed", known(all.redis.delayed)},
        {"running", known(all.redis.running)}, {"oldest_ms", redis ? ms(all.redis.oldest) : Json(nullptr)},
        {"dead", in_json(dead_of(all))},       {"died_lately", all.died_lately},
        {"durable", in_json(all.durable)},     {"relay_lag_ms", lag.count() < 0 ? Json(nullptr) : ms(lag)}};
    lines = attention();
  }
  document["sum"] = std::move(sum);
  document["attention"] = std::move(lines);
  document["history"] = history_.in_json(since);
  document["audit"] = audit_.summary();
  Json healed{{"workers_asked", healed_.asked}, {"workers_answered", healed_.answered}};
  for (const auto& [name, metric] : kHealed) {
    const auto found = healed_.sums.find(metric);
    const auto number =
        found == healed_.sums.end() ? 0.0 : found->second;  // a series begins with its first event
    healed[name] = healed_.answered > 0 ? Json(number) : Json(nullptr);
  }
  document["healed"] = std::move(healed);
  return document;
}

std::optional<std::vector<Queue>> Collector::queue_names() {
  std::unique_lock lock{mutex_};
  watched_and_seen(lock);
  return queue_names_;
}

std::optional<Refusal> Collector::trouble() {
  constexpr seconds kFresh{10};
  const std::scoped_lock lock{mutex_};
  watched_at_ = Clock::now();
  wake_.notify_all();
  if (std::chrono::system_clock::now() - at_ > kFresh) return {};
  return trouble_;
}

std::string Collector::trouble_now() const {
  constexpr seconds kLong{5};
  if (trouble_) return trouble_->sentence;
  if (!looked_ || !looking_since_ || Clock::now() - *looking_since_ < kLong) return {};
  const auto since = std::chrono::duration_cast<seconds>(Clock::now() - *looking_since_);
  return "the servers have not answered for " + std::to_string(since.count()) +
         " s: what is shown is from before";
}

AuditWatch& Collector::audit() {
  std::unique_lock lock{mutex_};
  watched_and_seen(lock);
  return audit_;
}

Json Collector::queues() {
  std::unique_lock lock{mutex_};
  watched_and_seen(lock);
  auto document = state();
  Json list = Json::array();
  if (glance_) {
    for (const auto& [name, queue] : glance_->queues) list.push_back(queue_in_json(name, queue));
  }
  document["queues"] = std::move(list);
  return document;
}

}  // namespace aftercommit::dashboard
