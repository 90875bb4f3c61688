#include "operate/tasks.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/log/log_format.hpp"
#include "client/job_table/columns.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {

TaskList known_tasks(Servers& servers) {
  TaskList list;
  list.answers = servers.look_at_each(
      [&](const Store& store) {
        std::map<std::pair<std::string, std::string>, KnownTask> found;
        look_briefly(store.database, LookBounds{}.statement, [&] {
          const auto sql = detail::in_schema(operate_sql::list_tasks, store.database.options().schema);
          for (const auto& row : store.database.exec(sql)) {
            auto task = row[0].as<std::string>();
            auto app = row[1].as<std::string>();
            const auto seen_at = detail::from_epoch_us(row[3].as<std::int64_t>());
            auto& known = found[{task, app}];
            known.task = std::move(task);
            known.app = std::move(app);
            known.database = store.alias;
            known.queues.push_back(row[2].as<std::string>());
            known.seen_at = std::max(known.seen_at, seen_at);
          }
        });
        for (auto& [names, task] : found) list.tasks.push_back(std::move(task));
      },
      [](Browsing&) {});
  std::ranges::stable_sort(list.tasks, [](const KnownTask& one, const KnownTask& other) {
    return std::tie(one.task, one.app) < std::tie(other.task, other.app);
  });
  return list;
}

Json in_json(const TaskList& list) {
  Json tasks = Json::array();
  for (const auto& task : list.tasks) {
    tasks.push_back({{"task", task.task},
                     {"app", task.app},
                     {"queues", task.queues},
                     {"database", task.database},
                     {"seen_at", utc(task.seen_at)}});
  }
  Json document{{"tasks", std::move(tasks)}};
  document.update(in_json(list.answers));
  return document;
}

}  // namespace aftercommit::operate
