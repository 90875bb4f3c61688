/// `aftercommit enqueue`: a job that a person asks for.
#include "operate/enqueue.hpp"

#include <iostream>

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {

int enqueue(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto job = operate::enqueue_job(servers, {.task = options.task,
                                                  .args = options.args_json,
                                                  .queue = options.queue,
                                                  .countdown = options.countdown,
                                                  .priority = options.priority,
                                                  .max_retries = options.max_retries,
                                                  .expires = options.expires,
                                                  .immediate = options.immediate});
  if (options.json) {
    print_json(operate::in_json(job));
  } else {
    std::cout << "job " << job.id << " of task " << options.task << " in queue " << options.queue
              << (job.database.empty() ? ", in Redis alone" : ", in database " + job.database) << '\n';
  }
  if (job.task_is_known == false) {
    std::cout.flush();
    warn("no app whose workers have served queue " + options.queue + " declares a task " + options.task +
         ": a worker that does not know it puts the job aside, and in the end among the dead ones; see "
         "aftercommit tasks");
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
