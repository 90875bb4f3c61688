/// `aftercommit dead list` and `dead show`: dead jobs to look at.
#include "operate/dead_list.hpp"

#include <cstddef>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/job_words.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::DeadJob;
using operate::DeadList;

constexpr std::size_t kReasonShown = 100;  // bytes, in a list

/// Lines of our own beside lines of theirs: none of theirs begins at the margin.
void print(const DeadJob& dead) {
  const auto line = [](std::string_view name, const std::string& value) {
    std::cout << name << std::string(12 - name.size(), ' ') << one_line(value, 2 * kErrorTextLimit) << '\n';
  };
  line("id", dead.id);
  line("kept in", dead.is_in_redis() ? "redis" : "database " + dead.database);
  line("queue", dead.queue);
  if (dead.job() != nullptr) {
    line("task", dead.task());
    line("args", dead.job()->args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    for (const auto& [name, value] : dead.job()->headers) line("header", name + "=" + value);
    line("enqueued at", utc(dead.job()->enqueued_at));
    line("attempts", std::to_string(dead.job()->attempt));
  } else {
    line("received", dead.letter ? dead.letter->raw : dead.text);
  }
  line("died at", utc(dead.died_at));
  line("cause", dead.cause());
  line("reason", dead.reason());
  if (dead.letter) line("buried by", dead.letter->worker);
  if (const auto obstacle = dead.obstacle(); !obstacle.empty()) line("no retry", obstacle);
  if (dead.job() == nullptr || dead.job()->errors.empty()) return;
  std::cout << "errors\n";
  std::string text;
  for (const auto& error : dead.job()->errors) {
    std::cout << "  attempt " << error.attempt << " at " << utc(error.at) << " on "
              << one_line(error.worker, kWorkerTextLimit) << ": ";
    if (!error.type.empty()) std::cout << one_line(error.type, kTypeTextLimit) << ": ";
    std::cout << one_line(error.error, kErrorTextLimit) << '\n';
    for (auto lines = std::istringstream{error.log}; std::getline(lines, text);)
      std::cout << "    | " << one_line(text, kLogTextLimit) << '\n';
  }
}

void print(const DeadList& list) {
  if (list.jobs.empty()) {
    std::cout << (list.answers.from_all() ? "no dead jobs\n" : "no dead jobs are known of\n");
  } else {
    constexpr auto kLeft = Table::Align::kLeft;
    Table table{{{"id", kLeft},
                 {"died at", kLeft},
                 {"kept in", kLeft},
                 {"queue", kLeft},
                 {"task", kLeft},
                 {"attempts"},
                 {"cause", kLeft},
                 {"reason", kLeft}}};
    for (const auto& dead : list.jobs) {
      table.add({dead.id, utc(dead.died_at), dead.is_in_redis() ? "redis" : dead.database,
                 one_line(dead.queue, kNameLimit), dead.job() != nullptr ? dead.task() : "-",
                 dead.job() != nullptr ? std::to_string(dead.job()->attempt) : "-", dead.cause(),
                 one_line(dead.reason(), kReasonShown)});
    }
    table.print();
  }
  if (list.more && list.jobs.empty()) {
    std::cout << "(" << list.looked_at << " looked at; more by --after '" << list.next << "')\n";
  } else if (list.more) {
    std::cout << "(the newest " << list.jobs.size() << ": --limit lists more, or --after '" << list.next
              << "')\n";
  }
  tell_if_none(list.answers);
}

}  // namespace

int list_dead(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto list = operate::newest_dead(servers, filter_of(options), options.limit, options.after);
  if (options.json) {
    print_json(operate::in_json(list));
  } else {
    print(list);
  }
  tell_outages(list.answers, "the dead jobs in ", " are not listed");
  return list.answers.from_all() ? kExitDone : kExitServers;
}

int show_dead(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto& id = options.ids.front();
  const auto [dead, answers] = operate::find_dead(servers, id);
  if (!dead && answers.from_all()) {
    std::cerr << "aftercommit: no dead job has the id " << id << '\n';
    return kExitFound;
  }
  if (!dead) {
    std::cerr << "aftercommit: no dead job that could be looked at has the id " << id << '\n';
    tell_outages(answers, "the dead jobs in ", " were not looked at");
    return kExitServers;
  }
  if (options.json) {
    print_json(operate::in_full(*dead));
  } else {
    print(*dead);
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
