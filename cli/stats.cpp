/// `aftercommit stats`: how much waits where.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;

struct Line {
  QueueCounts redis{};
  std::int64_t dead_rows = 0;
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
  if (sum.redis.declared_by.empty()) sum.redis.declared_by = line.redis.declared_by;
  sum.dead_rows += line.dead_rows;
  sum.durable += line.durable;
  sum.oldest_durable = older(sum.oldest_durable, line.oldest_durable);
}

/// How much of a number is counted.
enum class Known : std::uint8_t {
  kNot,     ///< nobody answered
  kInPart,  ///< a server that holds a part of it did not: it is at least so much
  kWhole,
};

Known known(std::size_t answered, std::size_t asked) {
  if (answered == asked) return Known::kWhole;
  return answered > 0 ? Known::kInPart : Known::kNot;
}

/// What the servers hold that answer.
struct Stats {
  std::map<Queue, Line> lines{};
  std::vector<std::string> databases{};
  std::vector<Outage> outages{};

  Known in_redis() const { return redis_is_among(outages) ? Known::kNot : Known::kWhole; }
  Known in_databases() const { return known(databases.size() - databases_away(), databases.size()); }
  Known in_both() const {
    const auto servers = databases.size() + 1;
    return known(servers - outages.size(), servers);
  }

 private:
  std::size_t databases_away() const { return outages.size() - (redis_is_among(outages) ? 1 : 0); }
};

Stats gather(Servers& servers) {
  Stats stats{.databases = servers.app().database_aliases()};
  stats.outages = servers.look_at_each(
      [&](const Store& store) {
        for (const auto& counts : store.table.counts()) {
          add(stats.lines[counts.queue],
              {.dead_rows = counts.dead, .durable = counts.jobs, .oldest_durable = counts.oldest});
        }
      },
      [&](Broker& broker) {
        std::map<Queue, QueueCounts> all;  // none of them counts where Redis goes away in the middle
        for (auto& queue : broker.queues()) all.emplace(queue, broker.counts(queue));
        for (const auto& [queue, counts] : all) add(stats.lines[queue], {.redis = counts});
      });
  return stats;
}

/// A number of a line, of jobs or of milliseconds; nothing: there is nothing to count.
struct Figure {
  const char* name;  // in JSON
  Known known;
  std::optional<std::int64_t> number;
};

std::vector<Figure> figures(const Line& line, const Stats& stats) {
  const auto ms = [](std::optional<milliseconds> age) {
    return age ? std::optional{std::max<std::int64_t>(age->count(), 0)} : std::nullopt;
  };
  return {{"ready", stats.in_redis(), line.redis.ready},
          {"delayed", stats.in_redis(), line.redis.delayed},
          {"running", stats.in_redis(), line.redis.running},
          {"dead", stats.in_both(), line.redis.dead + line.dead_rows},
          {"oldest_ms", stats.in_redis(), ms(line.redis.oldest)},
          {"durable", stats.in_databases(), line.durable},
          {"oldest_durable_ms", stats.in_databases(), ms(line.oldest_durable)}};
}

/// "At least none" says nothing.
bool is_at_least(const Figure& figure) {
  return figure.known == Known::kInPart && figure.number.value_or(0) > 0;
}

Json in_json(const Line& line, const Stats& stats) {
  Json all = Json::object();
  Json at_least = Json::object();
  for (const auto& figure : figures(line, stats)) {
    const bool whole = figure.known == Known::kWhole && figure.number;
    all[figure.name] = whole ? Json(*figure.number) : Json(nullptr);
    if (is_at_least(figure)) at_least[figure.name] = *figure.number;
  }
  if (!stats.outages.empty()) all["at_least"] = std::move(at_least);
  return all;
}

std::string cell(const Figure& figure, const std::string& text) {
  if (figure.known == Known::kWhole) return text;
  return is_at_least(figure) ? text + "+" : "?";
}

/// Of a queue without a worker that lives: why that is worth a word.  Empty: it is not.
std::string why_missed(const Line& line) {
  const auto& redis = line.redis;
  if (redis.ready + redis.delayed + redis.running + line.durable > 0) return ": its jobs wait";
  if (redis.declared_by.empty()) return {};
  return ", which the task " + one_line(redis.declared_by, 64) + " is declared for";
}

void print_table(const Stats& stats) {
  Table table{{{"queue", Table::Align::kLeft},
               {"ready"},
               {"delayed"},
               {"running"},
               {"dead"},
               {"oldest"},
               {"durable"},
               {"oldest durable"},
               {"workers"}}};
  for (const auto& [queue, line] : stats.lines) {
    std::vector<std::string> row{one_line(queue, 64)};
    for (const auto& figure : figures(line, stats)) {
      const bool is_age = std::string_view{figure.name}.ends_with("_ms");
      row.push_back(cell(figure, !figure.number ? "-"
                                 : is_age       ? span(milliseconds{*figure.number})
                                                : std::to_string(*figure.number)));
    }
    row.push_back(
        cell({"workers", stats.in_redis(), line.redis.workers}, std::to_string(line.redis.workers)));
    table.add(std::move(row));
  }
  table.print();
}

void print(const Stats& stats) {
  if (!stats.lines.empty()) {
    print_table(stats);
    if (!stats.outages.empty()) std::cout << "?: not known.  3+: at least 3, a part of it is not counted.\n";
  } else {
    std::cout << (stats.outages.empty() ? "no queue holds anything\n" : "no queue is known of\n");
  }
  for (const auto& [queue, line] : stats.lines) {
    const auto why = why_missed(line);
    if (stats.in_redis() != Known::kWhole || line.redis.workers > 0 || why.empty()) continue;
    std::cout << "No worker serves queue " << one_line(queue, 64) << why << ".\n";
  }
  tell_if_none(stats.databases);
}

Json in_json(const Stats& stats) {
  Json queues = Json::array();
  Line sum;
  for (const auto& [queue, line] : stats.lines) {
    Json entry{{"queue", queue}};
    entry.update(in_json(line, stats));
    const bool known = stats.in_redis() == Known::kWhole;
    entry["workers"] = known ? Json(line.redis.workers) : Json(nullptr);
    entry["declared_by"] = line.redis.declared_by.empty() ? Json(nullptr) : Json(line.redis.declared_by);
    queues.push_back(std::move(entry));
    add(sum, line);
  }
  auto document = answers(stats.databases, stats.outages);
  document["queues"] = std::move(queues);
  document["sum"] = in_json(sum, stats);
  return document;
}

}  // namespace

int stats(const Options& options) {
  Servers servers{options.connections};
  const auto stats = gather(servers);
  if (options.json) {
    print_json(in_json(stats));
  } else {
    print(stats);
  }
  tell_outages(stats.outages, "what ", " holds is not counted");
  return stats.outages.empty() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
