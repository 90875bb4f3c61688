/// `aftercommit stats`: how much waits where.
#include "operate/stats.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
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
using namespace std::chrono_literals;

std::string cell(const Figure& figure, const std::string& text) {
  if (figure.known == Known::kWhole) return text;
  return figure.is_at_least() ? text + "+" : "?";
}

std::string rate_text(const std::optional<double>& rate) {
  if (!rate) return "-";
  const auto tenths = std::lround(*rate * 10);
  if (tenths >= 100 || tenths % 10 == 0) return std::to_string(std::lround(*rate)) + "/s";
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "/s";
}

void print_table(const Stats& stats) {
  Table table{{{"queue", Table::Align::kLeft},
               {"ready"},
               {"delayed"},
               {"running"},
               {"retrying"},
               {"dead"},
               {"oldest"},
               {"durable"},
               {"oldest durable"},
               {"relay lag"},
               {"rate"},
               {"workers"}}};
  constexpr std::size_t kDead = 5, kWorkers = 11;
  for (const auto& [name, queue] : stats.queues) {
    std::vector<std::string> row{one_line(name, 64)};
    for (const auto& figure : operate::figures(queue, stats)) {
      const bool is_age = std::string_view{figure.name}.ends_with("_ms");
      row.push_back(cell(figure, !figure.number ? "-"
                                 : is_age       ? span(milliseconds{*figure.number})
                                                : std::to_string(*figure.number)));
    }
    const auto workers = queue.redis.workers;
    row.push_back(cell({"rate", stats.in_redis(), 0}, rate_text(queue.rate)));
    row.push_back(cell({"workers", stats.in_redis(), workers}, std::to_string(workers)));
    table.add(std::move(row));
    if (queue.redis.dead + queue.dead_rows > 0) table.paint(kDead, Colour::kRed);
    if (operate::unserved(queue, stats) != Unserved::kNot) table.paint(kWorkers, Colour::kYellow);
  }
  table.print();
}

void print(const Stats& stats) {
  const bool complete = stats.answers.from_all();
  if (!stats.queues.empty()) {
    print_table(stats);
    if (stats.answers.no_redis) std::cout << "?: not known, as there is no Redis (REDIS_URL is none).\n";
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
  for (const auto& [alias, processes] : stats.taking) {
    std::cout << processes << (processes == 1 ? " worker process takes" : " worker processes take")
              << " durable jobs straight from the table of database " << alias
              << (stats.answers.no_redis ? "" : ", as Redis does not answer there") << ".\n";
  }
  tell_if_none(stats.answers);
}

/// A person looks at the rate and does not mind a second; a script that wants it says so.
milliseconds time_for_rates(const Options& options) {
  const bool for_a_person = !options.json && ::isatty(STDOUT_FILENO) == 1;
  return options.rate.value_or(for_a_person ? 1s : 0s);
}

int once(const Options& options) {
  operate::Servers servers{options.connections, warn};
  auto stats = operate::count_jobs(servers);
  operate::measure_rates(servers, stats, time_for_rates(options));
  if (options.json) {
    print_json(operate::in_json(stats));
  } else {
    print(stats);
  }
  tell_outages(stats.answers, "what ", " holds is not counted");
  return stats.answers.from_all() ? kExitDone : kExitServers;
}

/// Until a signal ends it, or whoever reads it goes away.
[[noreturn]] void watch(const Options& options) {
  constexpr int kRestPerLook = 4;
  const bool clears = !options.json && ::isatty(STDOUT_FILENO) == 1;
  Stats before;
  auto next = std::chrono::steady_clock::now();
  const auto look = [&] {
    operate::Servers servers{options.connections, warn};  // one that was away may be back
    auto stats = operate::count_jobs(servers);
    if (!before.queues.empty()) operate::take_rates(stats, before);
    if (options.json) {
      print_json_line(operate::in_json(stats));
    } else {
      if (clears) std::cout << "\x1b[H\x1b[2J";  // home, and all of the screen
      std::cout << utc(std::chrono::system_clock::now()) << '\n';
      print(stats);
      if (!clears) std::cout << '\n';
    }
    tell_outages(stats.answers, "what ", " holds is not counted");
    before = std::move(stats);
  };
  while (true) {
    const auto begun = std::chrono::steady_clock::now();
    try {
      look();
    } catch (const Error& error) {  // all of them are away
      if (!error.retryable()) throw;
      std::cerr << "aftercommit: " << one_line(error.what(), 1000) << '\n';
    }
    if (!std::cout.flush()) throw std::runtime_error{"cannot write to standard output"};
    const auto now = std::chrono::steady_clock::now();
    // Where counting takes long, servers are left alone for most of the time.
    next = std::max(next + *options.watch, now + kRestPerLook * (now - begun));
    std::this_thread::sleep_until(next);
  }
}

}  // namespace

int stats(const Options& options) {
  if (options.watch) watch(options);
  return once(options);
}

}  // namespace aftercommit::cli
