#include "worker/notes/result_tables.hpp"

#include "aftercommit/log.hpp"
#include "client/results/result_rows.hpp"
#include "client/settings/command_hint.hpp"

namespace aftercommit::worker {

bool ResultTables::are_in(Database& database) {
  {
    const std::lock_guard lock{mutex_};
    if (known_.contains(&database)) return true;
  }
  const bool there = detail::has_result_tables(database);
  const std::lock_guard lock{mutex_};
  if (there) {
    known_.insert(&database);
  } else if (lacks_.insert(&database).second) {
    log(LogLevel::kError,
        "jobs of tasks that return a value wait, which uses up no retry: the tables of this database are too "
        "old to keep it",
        {{"database", database.alias()}, {"run", detail::command_for(database, "migrate")}});
  }
  return there;
}

}  // namespace aftercommit::worker
