#include "worker/notes/result_tables.hpp"

#include "aftercommit/log.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/results/result_rows.hpp"
#include "client/settings/command_hint.hpp"

namespace aftercommit::worker {

bool ResultTables::are_in(Database& database) {
  return are_in(results_, database, &detail::has_result_tables,
                "jobs of tasks that return a value wait, which uses up no retry: the tables of this database "
                "are too old to keep it");
}

bool ResultTables::flows_are_in(Database& database) {
  return are_in(flows_, database, &detail::has_flow_tables,
                "flows wait, which uses up no retry: the tables of this database are too old to keep what "
                "they do");
}

bool ResultTables::are_in(Known& known, Database& database, bool (*ask)(Database& database),
                          const char* lacking) {
  {
    const std::lock_guard lock{mutex_};
    if (known.has.contains(&database)) return true;
  }
  const bool there = ask(database);
  const std::lock_guard lock{mutex_};
  if (there) {
    known.has.insert(&database);
  } else if (known.lacks.insert(&database).second) {
    log(LogLevel::kError, lacking,
        {{"database", database.alias()}, {"run", detail::command_for(database, "migrate")}});
  }
  return there;
}

}  // namespace aftercommit::worker
