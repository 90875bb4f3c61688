/// `aftercommit tasks`: which app declares which.
#include "operate/tasks.hpp"

#include <algorithm>
#include <iostream>
#include <string>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

/// The tables alone know them.
operate::Answers answers_of_tables(operate::Answers answers) {
  std::erase_if(answers.outages, [](const auto& outage) { return outage.is_redis(); });
  return answers;
}

void print(const operate::TaskList& list) {
  if (list.tasks.empty()) {
    std::cout << "no tasks are known of: a worker enters those of its app when it starts\n";
    return;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{
      {{"task", kLeft}, {"app", kLeft}, {"queues", kLeft}, {"database", kLeft}, {"last seen", kLeft}}};
  for (const auto& task : list.tasks) {
    std::string queues;
    for (const auto& queue : task.queues) queues.append(queues.empty() ? "" : ",").append(queue);
    table.add({one_line(task.task, kNameLimit), one_line(task.app, kNameLimit), one_line(queues, 200),
               task.database, utc(task.seen_at).substr(0, 10)});
  }
  table.print();
}

}  // namespace

int list_tasks(const Options& options) {
  operate::Servers servers{options.connections, warn};
  if (servers.app().database_aliases().empty()) {
    throw UsageError{
        "tasks are kept in a database, where workers enter them: give --database postgresql://..., or set "
        "DATABASE_URL"};
  }
  auto list = operate::known_tasks(servers);
  if (!options.queue.empty()) {
    std::erase_if(list.tasks, [&](const operate::KnownTask& task) {
      return std::ranges::find(task.queues, options.queue) == task.queues.end();
    });
  }
  list.answers = answers_of_tables(std::move(list.answers));
  if (options.json) {
    print_json(operate::in_json(list));
  } else {
    print(list);
  }
  tell_outages(list.answers, "the tasks in ", " are not listed");
  return list.answers.from_all() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
