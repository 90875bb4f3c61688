/// `aftercommit purge`: a queue emptied by hand.
#include "operate/purge.hpp"

#include <unistd.h>

#include <iostream>
#include <string>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/stop_request.hpp"
#include "operate/homes.hpp"

namespace aftercommit::cli {
namespace {

using operate::PurgeOutlook;

/// On standard error, as it is a question to a person.
void tell(const PurgeOutlook& outlook, const Options& options) {
  const auto& redis = outlook.redis;
  std::cerr << "queue " << options.queue << ": " << redis.ready << " ready, " << redis.delayed << " delayed, "
            << redis.running << " running, which go on.\n";
  const auto rows = std::to_string(outlook.durable) + (outlook.at_least ? " or more" : "");
  if (outlook.answers.databases.empty()) {
    std::cerr
        << "No database was given: what is durable cannot be told from the rest by its rows, and stays.\n";
  } else if (options.durable) {
    std::cerr << "Durable jobs among them or not yet in Redis: " << rows
              << ".  Their rows are deleted, but for those that run: they do not come back.\n";
  } else {
    std::cerr << "Durable jobs among them or not yet in Redis: " << rows
              << ".  They stay, as a relay would bring them back from their rows; --durable deletes these.\n";
  }
}

bool is_confirmed(const Options& options) {
  std::cerr << "Delete what waits in queue " << options.queue << "? Type its name to do so: " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && answer == options.queue;
}

}  // namespace

int purge(const Options& options) {
  operate::Servers servers{options.connections, warn};
  if (!options.yes) {
    if (::isatty(STDIN_FILENO) != 1)
      throw UsageError{"purge asks before it deletes, and there is nobody to ask: give --yes"};
    if (options.durable) operate::require_home(servers, options.queue);  // before a person has to think
    const auto outlook = operate::look_before_purge(servers, options.queue);
    tell(outlook, options);
    tell_outages(outlook.answers, "what ", " holds is not counted, and stays");
    if (!is_confirmed(options)) {
      std::cerr << "aftercommit: nothing was deleted\n";
      return kExitFound;
    }
  }
  operate::PurgeReport report;
  const StopRequest stop;
  {
    ProgressLine line{"deleted"};
    report =
        operate::purge(servers, options.queue, options.durable,
                       {.progress = [&](const operate::ChangeProgress& progress) { line.show(progress); },
                        .goes_on = [] { return StopRequest::asked() == 0; }});
  }
  if (options.json) {
    print_json(operate::in_json(report));
  } else {
    std::cout << "deleted " << count_of(report.removed, "job") << " that Redis alone had";
    if (options.durable) std::cout << ", and " << count_of(report.rows, "durable job");
    std::cout << '\n';
    if (report.stay > 0) {
      std::cout << report.stay << (report.stay == 1 ? " durable job stays" : " durable jobs stay")
                << (options.durable
                        ? ": they run, were asked for meanwhile, or are of a database that was not given"
                        : ": their rows are the jobs, and --durable deletes these")
                << '\n';
    }
  }
  if (report.interrupted) {
    std::cout.flush();
    std::cerr << "aftercommit: stopped as it was asked to: what is not counted here stays\n";
    return end_by(StopRequest::asked());
  }
  tell_outages(report.answers, "what ", " holds stays");
  return report.answers.from_all() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
