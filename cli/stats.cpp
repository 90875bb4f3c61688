/// `aftercommit stats`: how much waits where.
#include "operate/stats.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::Figure;
using operate::Known;
using operate::Stats;
using operate::Unserved;
using std::chrono::milliseconds;

std::string cell(const Figure& figure, const std::string& text) {
  if (figure.known == Known::kWhole) return text;
  return figure.is_at_least() ? text + "+" : "?";
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
  for (const auto& [name, queue] : stats.queues) {
    std::vector<std::string> row{one_line(name, 64)};
    for (const auto& figure : operate::figures(queue, stats)) {
      const bool is_age = std::string_view{figure.name}.ends_with("_ms");
      row.push_back(cell(figure, !figure.number ? "-"
                                 : is_age       ? span(milliseconds{*figure.number})
                                                : std::to_string(*figure.number)));
    }
    const auto workers = queue.redis.workers;
    row.push_back(cell({"workers", stats.in_redis(), workers}, std::to_string(workers)));
    table.add(std::move(row));
  }
  table.print();
}

void print(const Stats& stats) {
  const bool complete = stats.answers.from_all();
  if (!stats.queues.empty()) {
    print_table(stats);
    if (!complete) std::cout << "?: not known.  3+: at least 3, a part of it is not counted.\n";
  } else {
    std::cout << (complete ? "no queue holds anything\n" : "no queue is known of\n");
  }
  for (const auto& [name, queue] : stats.queues) {
    if (const auto since = queue.paused()) {
      const auto age = std::chrono::floor<milliseconds>(std::chrono::system_clock::now() - *since);
      std::cout << "Queue " << one_line(name, 64) << " is paused, since "
                << span(std::max(age, milliseconds{0})) << ": its jobs wait for `aftercommit resume "
                << one_line(name, 64) << "`.\n";
    }
  }
  for (const auto& [name, queue] : stats.queues) {
    const auto why = operate::unserved(queue, stats);
    if (why == Unserved::kNot) continue;
    std::cout << "No worker serves queue " << one_line(name, 64);
    if (why == Unserved::kJobsWait) {
      std::cout << ": its jobs wait.\n";
    } else {
      std::cout << ", which the task " << one_line(queue.redis.declared_by, 64) << " is declared for.\n";
    }
  }
  tell_if_none(stats.answers);
}

}  // namespace

int stats(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto stats = operate::count_jobs(servers);
  if (options.json) {
    print_json(operate::in_json(stats));
  } else {
    print(stats);
  }
  tell_outages(stats.answers, "what ", " holds is not counted");
  return stats.answers.from_all() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
