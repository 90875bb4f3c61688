// The `aftercommit` command: what an operator looks at, and what he does about it.
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "aftercommit/error.hpp"
#include "base/process/command_arguments.hpp"
#include "base/process/standard_files.hpp"
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::cli {
namespace {

int run(const Options& options) {
  switch (options.command) {
    case Command::kMigrate:
      return options.print ? print_migration(options) : migrate(options);
    case Command::kStats:
      return stats(options);
    case Command::kDeadList:
      return list_dead(options);
    case Command::kDeadShow:
      return show_dead(options);
    case Command::kDeadRetry:
      return retry_dead(options);
    case Command::kDeadDelete:
      return delete_dead(options);
    case Command::kPeriodicList:
      return list_periodic(options);
    case Command::kPeriodicNext:
      return next_periodic(options);
    case Command::kPeriodicPause:
    case Command::kPeriodicResume:
      return pause_periodic(options);
    case Command::kPeriodicRun:
      return run_periodic(options);
    case Command::kPeriodicForget:
      return forget_periodic(options);
    case Command::kLimitsList:
      return list_limits(options);
    case Command::kLimitsSet:
    case Command::kLimitsReset:
      return set_limit(options);
    case Command::kPause:
      return pause(options);
    case Command::kResume:
      return resume(options);
    case Command::kAudit:
      return audit(options);
    case Command::kBlame:
      return blame(options);
    case Command::kCancel:
      return options.list ? list_cancelled(options) : cancel(options);
    case Command::kAdopt:
      return adopt(options);
    case Command::kNewToken:
      return new_token(options);
    case Command::kDoctor:
      return doctor(options);
    case Command::kTop:
      return top(options);
    case Command::kCompletion:
      return completion(options);
    case Command::kJobs:
      return list_jobs(options);
    case Command::kJob:
      return show_job(options);
    case Command::kFlow:
      return options.name.empty() ? show_flow(options) : run_flow_again(options);
    case Command::kEnqueue:
      return enqueue(options);
    case Command::kPurge:
      return purge(options);
    case Command::kWorkers:
      return list_workers(options);
    case Command::kTasks:
      return list_tasks(options);
    case Command::kDashboard:
      return dashboard(options);
  }
  return kExitFault;
}

int fail(int code, const std::string& sentence) {
  std::cout.flush();                       // what was done before it went wrong
  std::istringstream sentences{sentence};  // one for each thing that is wrong
  for (std::string line; std::getline(sentences, line);) std::cerr << "aftercommit: " << line << '\n';
  return code;
}

int main_program(int argc, const char* const* argv) {
  hold_standard_files();  // before anything is opened
  try {
    const auto parsed = parse_command_line(argc, argv);
    hide_secret_arguments(argc, argv);
    int code = kExitDone;
    if (const auto* print = std::get_if<PrintAndExit>(&parsed)) {
      std::cout << print->text;
    } else {
      code = run(std::get<Options>(parsed));
    }
    if (!std::cout.flush()) return fail(kExitFault, "cannot write to standard output");
    return code;
  } catch (const UsageError& error) {
    return fail(kExitUsage, error.what());
  } catch (const Error& error) {
    return fail(kExitServers, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kExitFault, "out of memory");
  } catch (const std::exception& error) {  // what PostgreSQL refuses
    return fail(kExitServers, detail::first_line(error));
  }
}

}  // namespace
}  // namespace aftercommit::cli

int main(int argc, char** argv) { return aftercommit::cli::main_program(argc, argv); }
