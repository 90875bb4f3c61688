/// `aftercommit audit`: is every committed job somewhere, and once?
#include <algorithm>
#include <iostream>
#include <utility>

#include "aftercommit/error.hpp"
#include "cli/census.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::size_t kNamed = 20;  // of each kind and queue
constexpr std::size_t kSubjectShown = 300;

DurableStanding sum(const std::map<Queue, DurableStanding>& queues) {
  DurableStanding all;
  for (const auto& [queue, one] : queues) {
    all.waiting += one.waiting;
    all.delayed += one.delayed;
    all.running += one.running;
    all.dead += one.dead;
    all.rows += one.rows;
    all.not_in_redis += one.not_in_redis;
    all.moving += one.moving;
    all.stranded += one.stranded;
    all.passed += one.passed;
  }
  return all;
}

Standing sum(const std::map<Queue, Standing>& queues) {
  Standing all;
  for (const auto& [queue, one] : queues) {
    all.waiting += one.waiting;
    all.delayed += one.delayed;
    all.running += one.running;
    all.dead += one.dead;
  }
  return all;
}

/// The findings of one kind in one queue.
struct Group {
  Finding::Kind kind;
  Queue queue;
  std::size_t count = 0;
  std::vector<std::string> subjects{};  // the first of them
};

std::vector<Group> grouped(const Findings& findings) {
  std::vector<Group> groups;
  for (const auto& finding : findings) {  // in the order of kind and queue
    if (groups.empty() || groups.back().kind != finding.kind || groups.back().queue != finding.queue) {
      groups.push_back({.kind = finding.kind, .queue = finding.queue});
    }
    auto& group = groups.back();
    if (++group.count <= kNamed) group.subjects.push_back(finding.subject);
  }
  return groups;
}

Json in_json(const Standing& standing) {
  return {{"waiting", standing.waiting},
          {"delayed", standing.delayed},
          {"running", standing.running},
          {"dead", standing.dead}};
}

Json in_json(const DurableStanding& standing) {
  return {{"committed", standing.rows + standing.dead},
          {"rows", standing.rows},
          {"waiting", standing.waiting},
          {"delayed", standing.delayed},
          {"running", standing.running},
          {"not_in_redis", standing.not_in_redis},
          {"moving", standing.moving},
          {"stranded", standing.stranded},
          {"passed", standing.passed},
          {"dead", standing.dead}};
}

template <class Standings>
Json queues_in_json(const Standings& standings) {
  Json queues = Json::array();
  for (const auto& [queue, standing] : standings) {
    Json entry{{"queue", queue}};
    entry.update(in_json(standing));
    queues.push_back(std::move(entry));
  }
  return {{"queues", std::move(queues)}, {"sum", in_json(sum(standings))}};
}

bool needs_somebody(const Census& census) {
  return std::ranges::any_of(census.findings,
                             [](const Finding& finding) { return needs_somebody(finding.kind); });
}

Json in_json(const Census& census, const std::string& redis_url) {
  Json found = Json::array();
  for (const auto& group : grouped(census.findings)) {
    found.push_back({{"kind", word(group.kind)},
                     {"queue", group.queue},
                     {"count", group.count},
                     {"jobs", group.subjects},
                     {"needs_somebody", needs_somebody(group.kind)},
                     {"meaning", meaning(group.kind)},
                     {"remedy", remedy(group.kind, group.queue, redis_url)}});
  }
  Json elsewhere = Json::object();
  for (const auto& [alias, jobs] : census.elsewhere) elsewhere[alias] = jobs;
  return {{"agrees", census.findings.empty()},
          {"needs_somebody", needs_somebody(census)},
          {"looks", census.looks},
          {"durable", queues_in_json(census.durable)},
          {"others", queues_in_json(census.others)},
          {"ledger", census.ledger},
          {"elsewhere", std::move(elsewhere)},
          {"findings", std::move(found)}};
}

void print_durable(const Census& census) {
  const auto all = sum(census.durable);
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
  if (lines != 1) add("in all", sum(census.others));
  table.print();
}

void print_findings(const Census& census, const std::string& redis_url) {
  for (const auto& group : grouped(census.findings)) {
    std::cout << '\n'
              << word(group.kind) << ", queue " << one_line(group.queue, 64) << ": " << group.count << "\n  "
              << meaning(group.kind) << "\n  " << remedy(group.kind, group.queue, redis_url) << '\n';
    for (const auto& subject : group.subjects)
      std::cout << "    " << one_line(subject, kSubjectShown) << '\n';
    if (group.count > group.subjects.size()) {
      std::cout << "    and " << group.count - group.subjects.size() << " more\n";
    }
  }
}

void print(const Census& census, const std::string& redis_url) {
  std::cout << "committed = done + dead + waiting + delayed + running\n\n"
            << "Durable jobs.  Those that are done have left no row and are not counted.\n";
  print_durable(census);
  std::cout << "\nOther jobs, which Redis alone holds.  Done, and remembered in the ledger: " << census.ledger
            << ".\n";
  print_others(census);
  if (sum(census.durable).not_in_redis > 0) {
    std::cout << "\nNot yet in Redis: the relay of a worker that serves the queue brings them.\n";
  }
  for (const auto& [alias, jobs] : census.elsewhere) {
    std::cout << "\nNot looked at: " << count_of(static_cast<std::size_t>(jobs), "job") << " of database "
              << one_line(alias, 64) << ", which was not given.\n";
  }
  print_findings(census, redis_url);
  if (census.findings.empty()) {
    std::cout << "\nAll agrees.\n";
  } else if (needs_somebody(census)) {
    std::cout << "\nSomething needs to be done: it disagrees in each of " << census.looks << " looks.\n";
  } else {
    std::cout << "\nNothing needs to be done: what disagrees passes by itself.\n";
  }
}

}  // namespace

int audit(const Options& options) {
  Servers servers{options.connections};
  if (servers.stores().empty()) {
    throw UsageError{"audit needs a database: give --database postgresql://..., or set DATABASE_URL"};
  }
  const auto census = take_census(servers, options.pause);
  if (options.json) {
    print_json(in_json(census, servers.redis_url()));
  } else {
    print(census, servers.redis_url());
  }
  return needs_somebody(census) ? kExitFound : kExitDone;
}

}  // namespace aftercommit::cli
