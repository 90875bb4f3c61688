/// `aftercommit stats`: how much waits where.
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>

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
  sum.redis.oldest = older(sum.redis.oldest, line.redis.oldest);
  sum.durable += line.durable;
  sum.oldest_durable = older(sum.oldest_durable, line.oldest_durable);
}

std::map<Queue, Line> gather(Servers& servers) {
  std::map<Queue, Line> lines;
  for (const auto& queue : servers.broker().queues()) lines[queue].redis = servers.broker().counts(queue);
  for (const auto& store : servers.stores()) {
    for (const auto& counts : store.table.counts()) {
      add(lines[counts.queue],
          {.redis = {.dead = counts.dead}, .durable = counts.jobs, .oldest_durable = counts.oldest});
    }
  }
  return lines;
}

Json in_json(const Line& line) {
  const auto ms = [](std::optional<milliseconds> age) {
    return age ? Json(std::max<std::int64_t>(age->count(), 0)) : Json(nullptr);
  };
  return {{"ready", line.redis.ready},
          {"delayed", line.redis.delayed},
          {"running", line.redis.running},
          {"dead", line.redis.dead},
          {"oldest_ms", ms(line.redis.oldest)},
          {"durable", line.durable},
          {"oldest_durable_ms", ms(line.oldest_durable)}};
}

/// Jobs, and no worker that lives.
bool waits_for_nobody(const Line& line) {
  const auto& redis = line.redis;
  return redis.workers == 0 && redis.ready + redis.delayed + redis.running + line.durable > 0;
}

void print(const std::map<Queue, Line>& lines) {
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
  for (const auto& [queue, line] : lines) {
    const auto& redis = line.redis;
    table.add({one_line(queue, 64), std::to_string(redis.ready), std::to_string(redis.delayed),
               std::to_string(redis.running), std::to_string(redis.dead), age(redis.oldest),
               std::to_string(line.durable), age(line.oldest_durable), std::to_string(redis.workers)});
  }
  table.print();
  for (const auto& [queue, line] : lines) {
    if (!waits_for_nobody(line)) continue;
    std::cout << "No worker serves queue " << one_line(queue, 64) << ": its jobs wait.\n";
  }
}

}  // namespace

int stats(const Options& options) {
  Servers servers{options.connections};
  const auto lines = gather(servers);
  if (options.json) {
    Json queues = Json::array();
    Line sum;
    for (const auto& [queue, line] : lines) {
      Json entry{{"queue", queue}};
      entry.update(in_json(line));
      entry["workers"] = line.redis.workers;
      queues.push_back(std::move(entry));
      add(sum, line);
    }
    print_json({{"queues", std::move(queues)}, {"sum", in_json(sum)}});
  } else if (lines.empty()) {
    std::cout << "no queue holds anything\n";
  } else {
    print(lines);
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
