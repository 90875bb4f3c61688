/// `aftercommit blame`: which job wrote a row.
#include "operate/blame.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "operate/servers.hpp"

namespace aftercommit::cli {
namespace {

using operate::Blame;

constexpr std::size_t kShownOfRow = 512;  // bytes

void say_of_row(std::string_view name, std::string_view value) { print_field(name, value, kShownOfRow); }

/// The one whose tables are looked into.
Database& database_of(operate::Servers& servers) {
  const auto aliases = servers.app().database_aliases();
  if (aliases.empty())
    throw UsageError{"blame needs a database: give --database postgresql://..., or set DATABASE_URL"};
  const bool has_default = std::ranges::find(aliases, "default") != aliases.end();
  if (aliases.size() > 1 && !has_default) {
    throw UsageError{
        "blame looks into one database, and there are several: give --database and the alias of one"};
  }
  return servers.store(aliases.size() > 1 ? "default" : aliases.front()).database;
}

void print(const operate::Writer& writer) {
  say_of_row("job", writer.job);
  say_of_row("task", writer.task);
  say_of_row("queue", writer.queue);
  say_of_row("attempt", std::to_string(writer.attempt));
  say_of_row("flow", writer.flow);
  say_of_row("step", writer.step);
  say_of_row("asked in", writer.asked_in.empty() ? "" : "transaction " + writer.asked_in);
  say_of_row("worker", writer.worker);
  say_of_row("at", utc(writer.at));
}

void print(const Blame& blame) {
  say_of_row("table", blame.table);
  say_of_row("row", blame.key);
  auto written = blame.xid.empty() ? std::string{"not known: frozen"} : "transaction " + blame.xid;
  if (blame.finding == Blame::Finding::kWritten && blame.savepoint)
    written = "transaction " + blame.writers.front().transaction + ", in its savepoint " + blame.xid;
  if (blame.committed_at) written += ", committed at " + utc(*blame.committed_at);
  say_of_row("written in", written);
  if (blame.finding == Blame::Finding::kWritten && blame.writers.size() > 1)
    std::cout << "\nby one of a batch, " << count_of(blame.writers.size(), "job") << " in one transaction:\n";
  if (blame.finding == Blame::Finding::kPerhaps) {
    std::cout
        << "\nnot by the transaction of a job; perhaps in a savepoint of one of these, which ran then:\n";
  }
  for (const auto& writer : blame.writers) {
    if (blame.writers.size() > 1 || blame.finding == Blame::Finding::kPerhaps) std::cout << '\n';
    print(writer);
  }
  const auto reasons = blame.reasons();
  if (blame.finding != Blame::Finding::kPerhaps && !reasons.empty())
    std::cout << "\nnot written by a job that the history knows of:\n";
  if (blame.finding == Blame::Finding::kPerhaps) std::cout << "\nor by none of them:\n";
  for (const auto& reason : reasons) std::cout << "  - " << reason << '\n';
}

}  // namespace

int blame(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto found =
      operate::blame(database_of(servers),
                     {.table = options.table, .key = options.row_key, .key_column = options.key_column});
  const bool no_row = found.finding == Blame::Finding::kNoRow;
  if (options.json) {
    print_json(operate::in_json(found));
  } else if (!no_row) {
    print(found);
  }
  if (no_row) {
    std::cout.flush();
    std::cerr << "aftercommit: table " << one_line(found.table, kShownOfRow) << " of database "
              << found.database << " has no row with " << one_line(found.key, kShownOfRow)
              << ": it was deleted, never committed, or is hidden from this role\n";
  }
  return found.finding == Blame::Finding::kWritten ? kExitDone : kExitFound;
}

}  // namespace aftercommit::cli
