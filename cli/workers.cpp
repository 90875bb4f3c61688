/// `aftercommit workers`: who runs what, and where.
#include "operate/workers.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kJobsShown = 10;  // of each worker

std::string age_of(const std::optional<std::chrono::system_clock::time_point>& since) {
  if (!since) return "-";
  return span(std::chrono::floor<milliseconds>(std::chrono::system_clock::now() - *since));
}

std::string listed(const std::vector<Queue>& queues) {
  std::string text;
  for (const auto& queue : queues) text.append(text.empty() ? "" : ",").append(queue);
  return one_line(text, 100);
}

void print(const operate::WorkerList& list) {
  if (list.workers.empty()) {
    std::cout << (list.answers.from_all_of_redis() ? "no workers\n" : "no workers are known of\n");
    return;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{"worker", kLeft},
               {"host", kLeft},
               {"pid"},
               {"app", kLeft},
               {"version", kLeft},
               {"up"},
               {"running"},
               {"threads"},
               {"queues", kLeft},
               {"lease", kLeft}}};
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : one_line(text, 64); };
  for (const auto& worker : list.workers) {
    table.add({one_line(worker.id, 64), or_dash(worker.host),
               worker.pid > 0 ? std::to_string(worker.pid) : "-", or_dash(worker.app),
               or_dash(worker.version), age_of(worker.since),
               worker.told_at ? std::to_string(worker.running) : "?",
               worker.told_at ? std::to_string(worker.concurrency) : "?", listed(worker.queues),
               worker.is_silent() ? "ended" : "ends in " + span(worker.left)});
  }
  table.print();
  for (const auto& worker : list.workers) {
    for (std::size_t i = 0; i < std::min(worker.jobs.size(), kJobsShown); ++i) {
      const auto& job = worker.jobs[i];
      std::cout << one_line(worker.id, 64) << " runs " << one_line(job.id, 36) << ", task "
                << one_line(job.task, 64);
      if (job.since) std::cout << ", for " << age_of(job.since);
      if (job.others > 0) std::cout << ", together with " << job.others << " more";
      std::cout << '\n';
    }
    if (worker.running > kJobsShown) {
      std::cout << one_line(worker.id, 64) << " runs " << worker.running - kJobsShown
                << " or fewer besides\n";
    }
  }
}

}  // namespace

int list_workers(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto list = operate::find_workers(servers, options.queue);
  if (options.json) {
    print_json(operate::in_json(list));
  } else {
    print(list);
  }
  if (list.answers.from_all_of_redis()) return kExitDone;  // nothing of it is in the databases
  tell_outages(list.answers, "the workers of ", " are not listed");
  return kExitServers;
}

}  // namespace aftercommit::cli
