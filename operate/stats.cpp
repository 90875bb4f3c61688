#include "operate/stats.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "client/job_table/job_picker.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"
#include "operate/relay_lag.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> older(std::optional<milliseconds> one, std::optional<milliseconds> other) {
  return std::max(one, other);  // an empty one is the least
}

void add(QueueStats& sum, const QueueStats& queue) {
  sum.redis.ready += queue.redis.ready;
  sum.redis.running += queue.redis.running;
  sum.redis.delayed += queue.redis.delayed;
  for (std::size_t i = 0; i < kLevels; ++i) sum.redis.ready_at.at(i) += queue.redis.ready_at.at(i);
  sum.redis.dead += queue.redis.dead;
  sum.redis.workers += queue.redis.workers;
  sum.redis.oldest = older(sum.redis.oldest, queue.redis.oldest);
  if (!sum.redis.paused) sum.redis.paused = queue.redis.paused;
  if (!sum.paused_there) sum.paused_there = queue.paused_there;
  if (sum.redis.declared_by.empty()) sum.redis.declared_by = queue.redis.declared_by;
  sum.dead_rows += queue.dead_rows;
  sum.durable += queue.durable;
  sum.oldest_durable = older(sum.oldest_durable, queue.oldest_durable);
  sum.retrying += queue.retrying;
  sum.relay_lag = older(sum.relay_lag, queue.relay_lag);
  if (queue.rate) sum.rate = sum.rate.value_or(0) + *queue.rate;
  if (queue.redis.ended) sum.redis.ended = sum.redis.ended.value_or(0) + *queue.redis.ended;
}

/// Those of all queues in the job tables that have answered.  What one of them refuses stays unknown.
void add_relay_lags(const std::vector<const Store*>& stores, RelayTarget& redis, Stats& stats) {
  std::vector<Queue> queues;
  for (const auto& [name, queue] : stats.queues) {
    if (valid_name(name)) queues.push_back(name);
  }
  for (const auto* store : stores) {
    try {
      for (const auto& [queue, lag] : relay_lags(*store, redis, queues)) {
        auto& known = stats.queues[queue].relay_lag;
        known = older(known, lag);
      }
    } catch (const BrokerUnavailable&) {
      throw;
    } catch (const std::exception&) {
      // A standby, or no right to read it: the rest of the numbers stands.
    }
  }
}

void set_rate(QueueStats& queue, std::optional<std::int64_t> before, std::optional<std::int64_t> now,
              double seconds) {
  queue.rate.reset();
  if (!before || !now || *now < *before || seconds <= 0) return;  // less: Redis has lost its data
  queue.rate = static_cast<double>(*now - *before) / seconds;
}

double seconds_between(std::chrono::steady_clock::time_point first,
                       std::chrono::steady_clock::time_point second) {
  return std::chrono::duration<double>{second - first}.count();
}

Known known(std::size_t answered, std::size_t asked) {
  if (answered == asked) return Known::kWhole;
  return answered > 0 ? Known::kInPart : Known::kNot;
}

Json in_json(const QueueStats& queue, const Stats& stats) {
  Json all = Json::object();
  Json at_least = Json::object();
  for (const auto& figure : figures(queue, stats)) {
    const bool whole = figure.known == Known::kWhole && figure.number;
    all[figure.name] = whole ? Json(*figure.number) : Json(nullptr);
    if (figure.is_at_least()) at_least[figure.name] = *figure.number;
  }
  all["rate_per_s"] = queue.rate ? Json(std::round(*queue.rate * 100) / 100) : Json(nullptr);
  if (!stats.answers.from_all()) all["at_least"] = std::move(at_least);
  return all;
}

Json by_level(const QueueCounts& counts) {
  Json levels = Json::object();
  for (const auto level : kAllLevels)
    levels[std::string{name_of(level)}] = counts.ready_at.at(index_of(level));
  return levels;
}

}  // namespace

Known Stats::in_redis() const {
  if (answers.from_all_of_redis()) return Known::kWhole;
  return answers.from_redis() ? Known::kInPart : Known::kNot;
}

Known Stats::in_databases() const {
  const auto away = static_cast<std::size_t>(
      std::ranges::count_if(answers.outages, [](const Outage& outage) { return !outage.is_redis(); }));
  return known(answers.databases.size() - away, answers.databases.size());
}

Known Stats::in_both() const {
  if (answers.from_all()) return Known::kWhole;
  return answers.from_redis() || in_databases() != Known::kNot ? Known::kInPart : Known::kNot;
}

QueueStats Stats::sum() const {
  QueueStats all;
  for (const auto& [name, queue] : queues) add(all, queue);
  return all;
}

Stats count_jobs(Servers& servers) {
  Stats stats;
  std::vector<const Store*> stores;
  stats.answers = servers.look_at_each(
      [&](const Store& store) {
        for (const auto& counts : store.table.counts()) {
          add(stats.queues[counts.queue], {.dead_rows = counts.dead,
                                           .durable = counts.jobs,
                                           .oldest_durable = counts.oldest,
                                           .retrying = counts.retrying});
        }
        stores.push_back(&store);
        if (const auto taking = detail::count_pickers(store.database); taking > 0)
          stats.taking[store.alias] = taking;
        if (detail::schema_version(store.database) < detail::kPauseSchema) return;
        for (const auto& paused : detail::find_paused(store.database)) {
          add(stats.queues[paused.queue], {.paused_there = paused.since});
        }
      },
      [&](Browsing& redis) {
        std::map<Queue, QueueCounts> all;  // none of them counts where Redis goes away in the middle
        stats.looked_at = std::chrono::steady_clock::now();
        for (auto& queue : redis.queues()) all.emplace(queue, redis.counts(queue));
        for (const auto& [queue, counts] : all) add(stats.queues[queue], {.redis = counts});
        add_relay_lags(stores, servers.broker(), stats);
      });
  return stats;
}

void take_rates(Stats& stats, const Stats& before) {
  const auto seconds = seconds_between(before.looked_at, stats.looked_at);
  for (auto& [name, queue] : stats.queues) {
    const auto earlier = before.queues.find(name);
    const auto then = earlier == before.queues.end() ? std::nullopt : earlier->second.redis.ended;
    set_rate(queue, then, queue.redis.ended, seconds);
  }
}

void measure_rates(Servers& servers, Stats& stats, milliseconds time) {
  if (stats.in_redis() != Known::kWhole) return;
  const bool served =
      std::ranges::any_of(stats.queues, [](const auto& queue) { return queue.second.redis.workers > 0; });
  if (!served) {
    for (auto& [name, queue] : stats.queues) queue.rate = 0;
    return;
  }
  if (time <= milliseconds{0}) return;
  std::this_thread::sleep_until(stats.looked_at + time);
  try {
    const auto now = std::chrono::steady_clock::now();
    std::map<Queue, std::optional<std::int64_t>> ended;
    for (const auto& [name, queue] : stats.queues) ended[name] = servers.broker().counts(name).ended;
    for (auto& [name, queue] : stats.queues)
      set_rate(queue, queue.redis.ended, ended[name], seconds_between(stats.looked_at, now));
  } catch (const BrokerUnavailable&) {
    for (auto& [name, queue] : stats.queues) queue.rate.reset();
  }
}

std::vector<Figure> figures(const QueueStats& queue, const Stats& stats) {
  const auto ms = [](std::optional<milliseconds> age) {
    return age ? std::optional{std::max<std::int64_t>(age->count(), 0)} : std::nullopt;
  };
  return {{"ready", stats.in_redis(), queue.redis.ready},
          {"delayed", stats.in_redis(), queue.redis.delayed},
          {"running", stats.in_redis(), queue.redis.running},
          {"retrying", stats.in_databases(), queue.retrying},
          {"dead", stats.in_both(), queue.redis.dead + queue.dead_rows},
          {"oldest_ms", stats.in_redis(), ms(queue.redis.oldest)},
          {"durable", stats.in_databases(), queue.durable},
          {"oldest_durable_ms", stats.in_databases(), ms(queue.oldest_durable)},
          {"relay_lag_ms", stats.in_both(), ms(queue.relay_lag)}};
}

Unserved unserved(const QueueStats& queue, const Stats& stats) {
  const auto& redis = queue.redis;
  if (stats.in_redis() != Known::kWhole || redis.workers > 0) return Unserved::kNot;
  if (redis.ready + redis.delayed + redis.running + queue.durable > 0) return Unserved::kJobsWait;
  return redis.declared_by.empty() ? Unserved::kNot : Unserved::kDeclared;
}

Json in_json(const Stats& stats) {
  Json queues = Json::array();
  for (const auto& [name, queue] : stats.queues) {
    Json entry{{"queue", name}};
    entry.update(in_json(queue, stats));
    const bool known = stats.in_redis() == Known::kWhole;
    entry["ready_by_level"] = known ? by_level(queue.redis) : Json(nullptr);
    entry["paused"] = queue.paused().has_value();
    entry["workers"] = known ? Json(queue.redis.workers) : Json(nullptr);
    entry["declared_by"] = queue.redis.declared_by.empty() ? Json(nullptr) : Json(queue.redis.declared_by);
    queues.push_back(std::move(entry));
  }
  auto document = in_json(stats.answers);
  document["queues"] = std::move(queues);
  document["sum"] = in_json(stats.sum(), stats);
  return document;
}

}  // namespace aftercommit::operate
