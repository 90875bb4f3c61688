#include "operate/stats.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"

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

Known Stats::in_redis() const { return answers.from_redis() ? Known::kWhole : Known::kNot; }

Known Stats::in_databases() const {
  const auto away = answers.outages.size() - (answers.from_redis() ? 0 : 1);
  return known(answers.databases.size() - away, answers.databases.size());
}

Known Stats::in_both() const {
  const auto servers = answers.databases.size() + 1;
  return known(servers - answers.outages.size(), servers);
}

QueueStats Stats::sum() const {
  QueueStats all;
  for (const auto& [name, queue] : queues) add(all, queue);
  return all;
}

Stats count_jobs(Servers& servers) {
  Stats stats;
  stats.answers = servers.look_at_each(
      [&](const Store& store) {
        for (const auto& counts : store.table.counts()) {
          add(stats.queues[counts.queue],
              {.dead_rows = counts.dead, .durable = counts.jobs, .oldest_durable = counts.oldest});
        }
        if (detail::schema_version(store.database) < detail::kPauseSchema) return;
        for (const auto& paused : detail::find_paused(store.database)) {
          add(stats.queues[paused.queue], {.paused_there = paused.since});
        }
      },
      [&](Browsing& redis) {
        std::map<Queue, QueueCounts> all;  // none of them counts where Redis goes away in the middle
        for (auto& queue : redis.queues()) all.emplace(queue, redis.counts(queue));
        for (const auto& [queue, counts] : all) add(stats.queues[queue], {.redis = counts});
      });
  return stats;
}

std::vector<Figure> figures(const QueueStats& queue, const Stats& stats) {
  const auto ms = [](std::optional<milliseconds> age) {
    return age ? std::optional{std::max<std::int64_t>(age->count(), 0)} : std::nullopt;
  };
  return {{"ready", stats.in_redis(), queue.redis.ready},
          {"delayed", stats.in_redis(), queue.redis.delayed},
          {"running", stats.in_redis(), queue.redis.running},
          {"dead", stats.in_both(), queue.redis.dead + queue.dead_rows},
          {"oldest_ms", stats.in_redis(), ms(queue.redis.oldest)},
          {"durable", stats.in_databases(), queue.durable},
          {"oldest_durable_ms", stats.in_databases(), ms(queue.oldest_durable)}};
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
