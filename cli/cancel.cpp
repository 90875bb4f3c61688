/// `aftercommit cancel`: jobs that are not to run after all, and those that were cancelled lately.
#include "operate/cancel.hpp"

#include <algorithm>
#include <iostream>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::CancelledList;
using operate::CancelOutcome;

constexpr std::size_t kNoteShown = 100;  // bytes, in a list

void print(const CancelledList& list) {
  if (list.jobs.empty()) {
    std::cout << (list.answers.from_all() ? "no cancelled jobs\n" : "no cancelled jobs are known of\n");
    return;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{"id", kLeft},
               {"cancelled at", kLeft},
               {"kept in", kLeft},
               {"queue", kLeft},
               {"task", kLeft},
               {"state", kLeft},
               {"note", kLeft}}};
  const auto or_dash = [](const std::string& name) {
    return name.empty() ? "-" : one_line(name, kNameLimit);
  };
  for (const auto& job : list.jobs) {
    table.add({job.id, utc(job.at), job.database, or_dash(job.queue), or_dash(job.task), job.state,
               one_line(job.note, kNoteShown)});
  }
  table.print();
  if (list.more) std::cout << "(the newest " << list.jobs.size() << ": --limit lists more)\n";
}

void require_database(const operate::Servers& servers) {
  if (servers.app().database_aliases().empty()) {
    throw UsageError{
        "cancel needs a database, which keeps what is cancelled: give --database postgresql://..., or set "
        "DATABASE_URL"};
  }
}

/// The tables alone keep what was cancelled.
operate::Answers of_databases(operate::Answers answers) {
  std::erase_if(answers.outages, [](const auto& outage) { return outage.is_redis(); });
  return answers;
}

}  // namespace

int cancel(const Options& options) {
  operate::Servers servers{options.connections, warn};
  require_database(servers);
  std::vector<JobId> ids;
  for (const auto& id : options.ids) ids.push_back(JobId::parse(id).value());
  const auto report = operate::cancel_jobs(servers, ids, options.note);
  if (options.json) {
    print_json(operate::in_json(report));
  } else {
    for (const auto& job : report.jobs)
      std::cout << job.id << "  " << to_string(job.answer) << ": " << operate::meaning(job) << '\n';
  }
  if (std::ranges::all_of(report.jobs, &CancelOutcome::is_cancelled)) return kExitDone;
  const bool all_known = std::ranges::none_of(
      report.jobs, [](const CancelOutcome& job) { return job.answer == Cancelled::kUnknown; });
  const auto answers = all_known ? of_databases(report.answers) : report.answers;
  tell_outages(answers, "the jobs in ", " were not looked at");
  return answers.from_all() ? kExitFound : kExitServers;
}

int list_cancelled(const Options& options) {
  operate::Servers servers{options.connections, warn};
  require_database(servers);
  const auto list = operate::newest_cancelled(servers, options.limit);
  if (options.json) {
    print_json(operate::in_json(list));
  } else {
    print(list);
  }
  const auto answers = of_databases(list.answers);
  tell_outages(answers, "what was cancelled in ", " is not listed");
  return answers.from_all() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
