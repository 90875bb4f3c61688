/// `aftercommit stats`: how much waits where.
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;

struct Line {
  QueueCounts redis{};
  std::int64_t durable = 0;  // rows, which stand among the ready, delayed and running ones as well
  std::optional<milliseconds> oldest_durable{};
};

std::optional<milliseconds> older(std::optional<milliseconds> one, std::optional<milliseconds> other) {
  return std::max(one, other);  // an empty one is the least
}

void add(Line& sum, const Line& line) {
  sum.redis.ready += line.redis.ready;
  sum.redis.running += line.redis.running;
  sum.redis.delayed += line.redis.delayed;
  sum.redis.dead += line.redis.dead;
  sum.redis.workers += line.redis.workers;
  sum.redis.oldest = older(sum.redis.oldest, line.redis.oldest);
  sum.durable += line.durable;
  sum.oldest_durable = older(sum.oldest_durable, line.oldest_durable);
}

/// What the servers hold that answer.
struct Stats {
  std::map<Queue, Line> lines{};
  bool redis = false;      // whether these are in it
  bool databases = false;  // the same
  std::string outage{};    // how the others are away, as a sentence; empty: all answer
};

void count_redis(Servers& servers, Stats& stats) {
  for (const auto& queue : servers.broker().queues()) {
    add(stats.lines[queue], {.redis = servers.broker().counts(queue)});
  }
}

void count_databases(Servers& servers, Stats& stats) {
  for (const auto& store : servers.stores()) {
    for (const auto& counts : store.table.counts()) {
      add(stats.lines[counts.queue],
          {.redis = {.dead = counts.dead}, .durable = counts.jobs, .oldest_durable = counts.oldest});
    }
  }
}

/// One that does not answer hides only what it holds itself.  Throws if there is nothing to show.
Stats gather(Servers& servers) {
  Stats stats;
  try {
    Stats redis;
    count_redis(servers, redis);
    stats = std::move(redis);
    stats.redis = true;
  } catch (const BrokerUnavailable& error) {
    if (servers.app().database_aliases().empty()) throw;
    stats.outage =
        "what Redis holds is not counted, because it does not answer: " + std::string{error.what()};
  }
  try {
    auto all = stats;
    count_databases(servers, all);
    stats = std::move(all);
    stats.databases = true;
  } catch (const DatabaseUnavailable& error) {
    if (!stats.redis) throw;
    stats.outage =
        "the durable jobs are not counted, because a database does not answer: " + std::string{error.what()};
  }
  return stats;
}

Json in_json(const Line& line, const Stats& stats) {
  const auto count = [](bool known, std::int64_t number) { return known ? Json(number) : Json(nullptr); };
  const auto ms = [](std::optional<milliseconds> age) {
    return age ? Json(std::max<std::int64_t>(age->count(), 0)) : Json(nullptr);
  };
  return {{"ready", count(stats.redis, line.redis.ready)},
          {"delayed", count(stats.redis, line.redis.delayed)},
          {"running", count(stats.redis, line.redis.running)},
          {"dead", line.redis.dead},
          {"oldest_ms", ms(line.redis.oldest)},
          {"durable", count(stats.databases, line.durable)},
          {"oldest_durable_ms", ms(line.oldest_durable)}};
}

/// Jobs, and no worker that lives.
bool waits_for_nobody(const Line& line) {
  const auto& redis = line.redis;
  return redis.workers == 0 && redis.ready + redis.delayed + redis.running + line.durable > 0;
}

void print(const Stats& stats) {
  Table table{{{"queue", Table::Align::kLeft},
               {"ready"},
               {"delayed"},
               {"running"},
               {"dead"},
               {"oldest"},
               {"durable"},
               {"oldest durable"},
               {"workers"}}};
  const auto age = [](std::optional<milliseconds> time) { return time ? span(*time) : std::string{"-"}; };
  const auto count = [](bool known, std::int64_t number) { return known ? std::to_string(number) : "?"; };
  for (const auto& [queue, line] : stats.lines) {
    const auto& redis = line.redis;
    table.add({one_line(queue, 64), count(stats.redis, redis.ready), count(stats.redis, redis.delayed),
               count(stats.redis, redis.running), std::to_string(redis.dead), age(redis.oldest),
               count(stats.databases, line.durable), age(line.oldest_durable),
               count(stats.redis, redis.workers)});
  }
  table.print();
  for (const auto& [queue, line] : stats.lines) {
    if (!stats.redis || !waits_for_nobody(line)) continue;
    std::cout << "No worker serves queue " << one_line(queue, 64) << ": its jobs wait.\n";
  }
}

}  // namespace

int stats(const Options& options) {
  Servers servers{options.connections};
  const auto stats = gather(servers);
  if (options.json) {
    Json queues = Json::array();
    Line sum;
    for (const auto& [queue, line] : stats.lines) {
      Json entry{{"queue", queue}};
      entry.update(in_json(line, stats));
      entry["workers"] = stats.redis ? Json(line.redis.workers) : Json(nullptr);
      queues.push_back(std::move(entry));
      add(sum, line);
    }
    print_json({{"redis_answers", stats.redis},
                {"databases_answer", stats.databases},
                {"queues", std::move(queues)},
                {"sum", in_json(sum, stats)}});
  } else if (stats.lines.empty()) {
    std::cout << "no queue holds anything\n";
  } else {
    print(stats);
  }
  if (stats.outage.empty()) return kExitDone;
  std::cout.flush();
  std::cerr << "aftercommit: " << stats.outage << '\n';
  return kExitServers;
}

}  // namespace aftercommit::cli
