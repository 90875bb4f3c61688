/// `aftercommit periodic list|next|pause|resume|run|forget`: what is due again and again.
#include "operate/periodic.hpp"

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::PeriodicTask;
using State = PeriodicTask::State;

constexpr std::size_t kPeriodicNameShown = 100;
constexpr std::size_t kNextTimes = 5;
constexpr std::chrono::seconds kPatience{10};  // workers look every 2 s

/// To the second, as ticks are.
std::string second(const std::optional<std::chrono::sys_seconds>& time) {
  if (!time) return "-";
  auto text = utc(*time);
  return text.erase(text.find('.')) + "Z";
}

std::string quoted(const PeriodicTask& task) {
  return "'" + one_line(task.row.declared.name, kPeriodicNameShown) + "'";
}

void require_a_database(operate::Servers& servers) {
  if (!servers.stores().empty()) return;
  throw UsageError{"periodic needs a database: give --database postgresql://..., or set DATABASE_URL"};
}

/// Null: there is none, which has been said.
std::optional<PeriodicTask> find(operate::Servers& servers, const Options& options) {
  require_a_database(servers);
  auto task = operate::find_periodic(servers, options.name, options.app);
  if (!task) {
    std::cerr << "aftercommit: no periodic task has the name '" << one_line(options.name, kPeriodicNameShown)
              << "': aftercommit periodic list shows them\n";
  }
  return task;
}

void print(const std::vector<PeriodicTask>& tasks) {
  if (tasks.empty()) {
    std::cout << "no periodic tasks\n";
    return;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{"name", kLeft},
               {"state", kLeft},
               {"schedule", kLeft},
               {"zone", kLeft},
               {"next", kLeft},
               {"last", kLeft},
               {"task", kLeft},
               {"app", kLeft},
               {"database", kLeft}}};
  bool any_gone = false;
  for (const auto& task : tasks) {
    const auto& declared = task.row.declared;
    any_gone |= task.state() == State::kGone;
    table.add({one_line(declared.name, kPeriodicNameShown), std::string{operate::word(task.state())},
               one_line(declared.schedule, kPeriodicNameShown), one_line(declared.zone, 64),
               task.row.never ? "never" : second(task.next_at()), second(task.row.last_tick),
               one_line(declared.task, 64), one_line(task.row.app, 64), task.alias});
  }
  table.print();
  if (any_gone) {
    std::cout << "gone: no worker that runs declares it, so nobody makes its jobs. Start one, or, where its "
                 "code is gone, remove it by `aftercommit periodic forget NAME`.\n";
  }
}

}  // namespace

int list_periodic(const Options& options) {
  operate::Servers servers{options.connections, warn};
  require_a_database(servers);
  const auto tasks = operate::periodic_tasks(servers);
  if (options.json) {
    print_json(operate::in_json(tasks));
  } else {
    print(tasks);
  }
  return kExitDone;
}

int next_periodic(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto task = find(servers, options);
  if (!task) return kExitFound;
  const auto times = operate::next_times(*task, kNextTimes);
  if (options.json) {
    auto document = operate::in_json(*task);
    document["next"] = operate::in_json(times);
    print_json(document);
    return kExitDone;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{one_line(task->row.declared.zone, 64), kLeft}, {"UTC", kLeft}}};
  for (const auto& time : times) table.add({time.local, second(time.at)});
  table.print();
  if (task->state() != State::kActive) {
    std::cout << quoted(*task) << " is " << operate::word(task->state())
              << ": it has no jobs at these times\n";
  }
  return kExitDone;
}

int pause_periodic(const Options& options) {
  const bool pause = options.command == Command::kPeriodicPause;
  operate::Servers servers{options.connections, warn};
  const auto task = find(servers, options);
  if (!task) return kExitFound;
  const bool changed = operate::pause_periodic(*task, pause);
  std::cout << quoted(*task) << (changed ? " is " : " was ") << (pause ? "paused" : "not paused")
            << (changed ? "" : " already");
  if (changed && pause) std::cout << ": its ticks are left out until aftercommit periodic resume";
  if (changed && !pause) std::cout << " any more: it goes on with its next tick";
  std::cout << '\n';
  return kExitDone;
}

int run_periodic(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto task = find(servers, options);
  if (!task) return kExitFound;
  if (task->state() == State::kGone) {
    std::cerr << "aftercommit: " << quoted(*task)
              << " is gone, and was not run: no worker that runs has declared it within the last minute\n";
    return kExitFound;
  }
  const auto job = operate::run_periodic(*task, kPatience);
  if (!job) {
    std::cerr << "aftercommit: a job of " << quoted(*task)
              << " is asked for, and no worker has made it yet: one that declares it will\n";
    return kExitFound;
  }
  std::cout << "job " << job->str() << " of " << quoted(*task) << '\n';
  return kExitDone;
}

int forget_periodic(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto task = find(servers, options);
  if (!task) return kExitFound;
  if (!operate::forget_periodic(*task)) {
    std::cerr << "aftercommit: " << quoted(*task)
              << " stays: a worker that declares it has lived within the last minute, and would bring it "
                 "back. Take "
                 "it out of the code first, or pause it.\n";
    return kExitFound;
  }
  std::cout << quoted(*task) << " is forgotten\n";
  return kExitDone;
}

}  // namespace aftercommit::cli
