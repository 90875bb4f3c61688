/// `aftercommit audit`: is every committed job somewhere, and once?
#include "operate/audit.hpp"

#include <cstddef>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::Audit;
using operate::Census;
using operate::DurableStanding;
using operate::Standing;

constexpr std::size_t kSubjectShown = 300;

void print_durable(const Census& census) {
  const auto all = operate::sum(census.durable);
  std::vector<Table::Column> columns{{"queue", Table::Align::kLeft},
                                     {"committed, not done ="},
                                     {"dead +"},
                                     {"waiting +"},
                                     {"delayed +"},
                                     {"running +"},
                                     {"not yet in Redis"}};
  if (all.moving > 0) columns.push_back({"+ moving"});
  if (all.stranded > 0) columns.push_back({"+ stranded"});
  if (all.passed > 0) columns.push_back({"+ passed"});
  Table table{columns};
  const auto add = [&](const std::string& name, const DurableStanding& one) {
    std::vector row{name,
                    std::to_string(one.rows + one.dead),
                    std::to_string(one.dead),
                    std::to_string(one.waiting),
                    std::to_string(one.delayed),
                    std::to_string(one.running),
                    std::to_string(one.not_in_redis)};
    if (all.moving > 0) row.push_back(std::to_string(one.moving));
    if (all.stranded > 0) row.push_back(std::to_string(one.stranded));
    if (all.passed > 0) row.push_back(std::to_string(one.passed));
    table.add(std::move(row));
  };
  for (const auto& [queue, one] : census.durable) add(one_line(queue, 64), one);
  if (census.durable.size() != 1) add("in all", all);
  table.print();
}

void print_others(const Census& census) {
  Table table{{{"queue", Table::Align::kLeft}, {"dead"}, {"waiting"}, {"delayed"}, {"running"}}};
  const auto add = [&](const std::string& name, const Standing& one) {
    table.add({name, std::to_string(one.dead), std::to_string(one.waiting), std::to_string(one.delayed),
               std::to_string(one.running)});
  };
  std::size_t lines = 0;
  for (const auto& [queue, one] : census.others) {
    if (one.dead + one.waiting + one.delayed + one.running == 0) continue;
    add(one_line(queue, 64), one);
    ++lines;
  }
  if (lines != 1) add("in all", operate::sum(census.others));
  table.print();
}

void print_disagreements(const Audit& audit) {
  for (const auto& each : audit.disagreements) {
    std::cout << '\n'
              << operate::word(each.kind) << ", queue " << one_line(each.queue, 64) << ": " << each.count
              << "\n  " << operate::meaning(each.kind) << "\n  " << each.remedy << '\n';
    for (const auto& subject : each.subjects) std::cout << "    " << one_line(subject, kSubjectShown) << '\n';
    if (each.count > each.subjects.size()) {
      std::cout << "    and " << each.count - each.subjects.size() << " more\n";
    }
  }
}

void print(const Audit& audit) {
  const auto& census = audit.census;
  std::cout << "committed = done + " << (census.cancelled > 0 ? "cancelled + " : "")
            << "dead + waiting + delayed + running\n\n"
            << "Durable jobs.  Those that are done have left no row and are not counted.\n";
  print_durable(census);
  if (census.cancelled > 0)
    std::cout << "Cancelled, or purged with their rows, and remembered as such: " << census.cancelled
              << ".\n";
  std::cout << "\nOther jobs, which Redis alone holds.  Done, and remembered in the ledger: " << census.ledger
            << ".\n";
  print_others(census);
  if (operate::sum(census.durable).not_in_redis > 0) {
    std::cout << "\nNot yet in Redis: the relay of a worker that serves the queue brings them.\n";
  }
  for (const auto& [alias, jobs] : census.elsewhere) {
    std::cout << "\nNot looked at: " << count_of(static_cast<std::size_t>(jobs), "job") << " of database "
              << one_line(alias, 64) << ", which was not given.\n";
  }
  print_disagreements(audit);
  if (audit.agrees()) {
    std::cout << "\nAll agrees.\n";
  } else if (audit.needs_somebody()) {
    std::cout << "\nSomething needs to be done: it disagrees in each of " << census.looks << " looks.\n";
  } else {
    std::cout << "\nNothing needs to be done: what disagrees passes by itself.\n";
  }
}

}  // namespace

int audit(const Options& options) {
  operate::Servers servers{options.connections, warn};
  if (servers.stores().empty()) {
    throw UsageError{"audit needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  const auto audit = operate::audit(servers, options.pause);
  if (options.json) {
    print_json(operate::in_json(audit));
  } else {
    print(audit);
  }
  return audit.needs_somebody() ? kExitFound : kExitDone;
}

}  // namespace aftercommit::cli
