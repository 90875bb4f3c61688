#include "cli/descriptions.hpp"

#include <algorithm>
#include <array>

#include "base/command/options_of.hpp"
#include "cli/dashboard_words.hpp"
#include "cli/examples.hpp"
#include "cli/job_words.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::string_view kWhichDead =
    "ID... | [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] [--newer-than AGE] | --all "
    "[--queue Q] [--dry-run] [--json] [options]";

constexpr auto kCommands = std::to_array<Description>({
    {Command::kMigrate, "migrate", "[--print [--from N]] [options]",
     "Brings the tables of jobs in each database up to date."},
    {Command::kStats, "stats", "[--watch [S]] [--rate S] [--json] [options]",
     "Counts what each queue holds."},
    {Command::kJobs, "jobs",
     "[--state S] [--queue Q] [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] "
     "[--newer-than AGE] [--oldest] [--limit N] [--after PLACE] [--args] [--json] [options]",
     "Lists jobs that wait or run, the newest first; or with --state dead the dead ones."},
    {Command::kJob, "job", "ID [--args] [--json] [options]",
     "Tells everything about one job, wherever it is, and its story."},
    {Command::kFlow, "flow",
     "ID [--results] [--json] | ID --again-from STEP [--note TEXT] [--json] [options]",
     "Tells what a flow has done, step by step, and what it waits for; or runs it again from a step on, as a "
     "new one."},
    {Command::kEnqueue, "enqueue",
     "TASK [ARGS] [--queue Q] [--countdown TIME] [--expires TIME] [--priority P] [--max-retries N] "
     "[--immediate] [--json] [options]",
     "Asks for a job of a task, durable where there is a database; ARGS is a JSON array."},
    {Command::kPurge, "purge", "QUEUE [--durable] [--yes] [--json] [options]",
     "Deletes the jobs of a queue that wait, once it has asked."},
    {Command::kWorkers, "workers", "[--queue Q] [--json] [options]",
     "Lists workers: where they are, since when, and what they run."},
    {Command::kTasks, "tasks", "[--queue Q] [--json] [options]", "Lists the tasks that apps declare."},
    {Command::kDeadList, "dead list",
     "[--queue Q] [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] [--newer-than AGE] "
     "[--limit N] [--after PLACE] [--json] [options]",
     "Lists jobs that will not run again by themselves, the newest first."},
    {Command::kDeadShow, "dead show", "ID [--json] [options]",
     "Shows one of them, with its arguments and all its errors."},
    {Command::kDeadRetry, "dead retry", kWhichDead,
     "Puts dead jobs back into their queues, at once, with their ids and a new first attempt."},
    {Command::kDeadDelete, "dead delete", kWhichDead, "Deletes dead jobs for good.  It does not ask."},
    {Command::kPeriodicList, "periodic list", "[--json] [options]",
     "Lists periodic tasks: their schedules, when each is due next, and in what state it is."},
    {Command::kPeriodicNext, "periodic next", "NAME [--app A] [--json] [options]",
     "Shows the next five times of one, as the clocks of its time zone show them and in UTC."},
    {Command::kPeriodicPause, "periodic pause", "NAME [--app A] [options]",
     "Leaves out its ticks from now on."},
    {Command::kPeriodicResume, "periodic resume", "NAME [--app A] [options]",
     "Lets it go on, with the next tick to come."},
    {Command::kPeriodicRun, "periodic run", "NAME [--app A] [options]",
     "Asks for one job of it now, beside its ticks."},
    {Command::kPeriodicForget, "periodic forget", "NAME [--app A] [options]",
     "Removes one that is gone from the code."},
    {Command::kLimitsList, "limits list", "[--json] [options]",
     "Lists limits: how many jobs may run at once, or begin in a time, for all workers together."},
    {Command::kLimitsSet, "limits set", "NAME N [options]",
     "Changes one while all runs, 0 to 10000; with 0 none of its jobs begins."},
    {Command::kLimitsReset, "limits reset", "NAME [options]", "Makes one what it is declared as again."},
    {Command::kPause, "pause", "QUEUE [options]",
     "Has workers fetch no more jobs of a queue, until it is resumed."},
    {Command::kResume, "resume", "QUEUE [options]", "Has workers fetch the jobs of a queue again."},
    {Command::kAudit, "audit", "[--json] [options]",
     "Compares the job tables with Redis: is every committed job somewhere, and once?"},
    {Command::kBlame, "blame", "TABLE KEY | TABLE COLUMN=VALUE... [--key-column NAME] [--json] [options]",
     "Tells which job wrote a row as it is now, and which transaction had asked for that, where workers run "
     "with "
     "--history."},
    {Command::kCancel, "cancel", "ID... [--note TEXT] [--json] | --list [--limit N] [--json] [options]",
     "Cancels jobs, and says where each stood; or lists those that were cancelled lately."},
    {Command::kAdopt, "adopt", "--queue Q | --all [options]",
     "Says that the jobs of a queue belong to these databases, whatever was known before, and forgets its "
     "apps."},
    {Command::kNewToken, "new-token", "[options]",
     "Gives the tables of jobs in a copy of a database a token of their own, so that its workers refuse the "
     "queues of the original."},
    {Command::kDoctor, "doctor", "[--processes N] [--concurrency N] [--json] [options]",
     "Looks whether the servers are set up so that the guarantees hold, and says what to do where not."},
    {Command::kDashboard, "dashboard",
     "[--listen HOST:PORT] [--prefix PATH] [--name NAME]... [--token-file F | --basic-auth-file F] "
     "[--read-only] [--show-args] [--redact RULE]... [--metrics URL]... [options]",
     "Serves pages that show all this in a browser, and act."},
    {Command::kTop, "top", "[--every S] [options]",
     "Shows queues, dead jobs, workers, periodic tasks and limits on a live screen, with keys to act."},
    {Command::kCompletion, "completion", "bash | zsh",
     "Writes what makes a shell complete the words of this command."},
});

constexpr const char* kAfterHelp = R"(
Connections, as for the worker: --redis and --database, else REDIS_URL, DATABASE_URL (alias "default") and
DATABASE_URL_<ALIAS> of the environment; a --database URL comes beside those of the environment.  --database with
an alias alone (--database reports) takes only that one of them.  --schema may be given by AFTERCOMMIT_SCHEMA.

Exit codes:
  0  done; audit: all agrees
  1  audit: something needs to be done; doctor: a guarantee is in danger; dead, periodic: what was named could not be had;
     job: nobody knows it; blame: no such row, or no job is known to have written it; purge: it was not confirmed;
     cancel: one of the jobs cannot be cancelled any more, or is not known
  2  an unknown command, or a wrong option
  3  Redis or a database cannot be reached, or cannot serve
  4  a fault of the command itself
  130  Ctrl-C has ended it (143: SIGTERM); dead retry, dead delete and purge end behind the batch at hand, and say how
       much is done
)";

}  // namespace

const Description* find_description(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &Description::name);
  return found == kCommands.end() ? nullptr : &*found;
}

bool is_dead(Command command) {
  return command == Command::kDeadList || command == Command::kDeadRetry || command == Command::kDeadDelete;
}

bool writes_json(Command command) {
  if (is_about_jobs(command) || command == Command::kDeadRetry || command == Command::kDeadDelete)
    return true;
  return command == Command::kPeriodicList || command == Command::kPeriodicNext ||
         command == Command::kLimitsList || command == Command::kDoctor || command == Command::kStats ||
         command == Command::kDeadList || command == Command::kDeadShow || command == Command::kAudit ||
         command == Command::kCancel || command == Command::kBlame;
}

bool names_jobs(Command command) {
  return command == Command::kDeadShow || command == Command::kDeadRetry || command == Command::kDeadDelete ||
         command == Command::kCancel;
}

bool names_periodic(Command command) {
  return command == Command::kPeriodicNext || command == Command::kPeriodicPause ||
         command == Command::kPeriodicResume || command == Command::kPeriodicRun ||
         command == Command::kPeriodicForget;
}

bool names_limit(Command command) {
  return command == Command::kLimitsSet || command == Command::kLimitsReset;
}

bool names_queue(Command command) { return command == Command::kPause || command == Command::kResume; }

cxxopts::Options describe(const Description& command) {
  cxxopts::Options options{"aftercommit " + std::string{command.name}, std::string{command.what} + "\n"};
  options.custom_help(std::string{command.usage});
  auto add = options.add_options();
  if (command.command == Command::kMigrate) {
    add("print", "write the script for psql instead of running it; needs no server");
    add("from", "the version that the script begins at", cxxopts::value<std::string>(), "N");
  }
  if (writes_json(command.command)) add("json", "one JSON document");
  if (is_dead(command.command)) {
    add("queue", "only jobs of this queue", cxxopts::value<std::string>(), "Q");
    add("task", "only jobs of this task", cxxopts::value<std::string>(), "T");
  }
  add_job_words(command.command, add);
  if (command.command == Command::kDashboard) add_dashboard_words(add);
  if (command.command == Command::kAdopt) {
    add("queue", "this queue", cxxopts::value<std::string>(), "Q");
    add("all", "every queue that Redis or a job table knows");
  }
  if (names_periodic(command.command)) {
    add("app", "of this app, where several have one of this name", cxxopts::value<std::string>(), "A");
  }
  if (command.command == Command::kCancel) {
    add("list", "show what was cancelled, the newest first, and cancel nothing");
    add("note", "why, for who looks at the list", cxxopts::value<std::string>(), "TEXT");
  }
  if (command.command == Command::kDeadList || command.command == Command::kCancel) {
    add("limit", "at most so many", cxxopts::value<std::string>()->default_value("50"), "N");
  }
  if (command.command == Command::kDeadRetry || command.command == Command::kDeadDelete) {
    add("all", "all dead jobs");
  }
  if (command.command == Command::kStats) {
    add("watch", "look again every so many seconds, until it is stopped",
        cxxopts::value<std::string>()->implicit_value("2"), "S");
    add("rate",
        "seconds between the two looks that make a rate, where workers are at it; 0: look once (default: 1 "
        "for a table on a terminal, else 0)",
        cxxopts::value<std::string>(), "S");
  }
  if (command.command == Command::kTop) {
    add("every", "seconds between two looks", cxxopts::value<std::string>()->default_value("2"), "S");
  }
  if (command.command == Command::kDoctor) {
    add("processes", "of workers that max_connections has to hold (default: those that run now)",
        cxxopts::value<std::string>(), "N");
    add("concurrency", "of each of them", cxxopts::value<std::string>()->default_value("8"), "N");
  }
  if (command.command == Command::kBlame) {
    add("key-column", "of which KEY is the value (default: the primary key)", cxxopts::value<std::string>(),
        "NAME");
  }
  if (command.command == Command::kAudit) {
    add("pause", "seconds between two looks", cxxopts::value<std::string>()->default_value("1"), "S");
  }
  if (command.command == Command::kCompletion) {
    add("help", "print this and exit");
    return options;
  }
  add("redis",
      "redis://user:password@host:port/db?prefix=ac, rediss://..., redis+sentinel://..., "
      "redis+cluster://..., "
      "unix:///path?db=0, or none; several with a space between are shards",
      cxxopts::value<std::string>(), "URL");
  add("database", "postgresql://..., or alias=postgresql://..., or an alias; may be given more than once",
      cxxopts::value<std::vector<std::string>>(), "URL");
  add("schema", "of the job tables (default: aftercommit)", cxxopts::value<std::string>(), "NAME");
  add("help", "print this and exit");
  return options;
}

std::string_view first_word(std::string_view name) { return name.substr(0, name.find(' ')); }

std::vector<std::string_view> verbs_of(std::string_view word) {
  std::vector<std::string_view> verbs;
  for (const auto& command : kCommands) {
    if (command.name.size() > word.size() && first_word(command.name) == word)
      verbs.push_back(command.name.substr(word.size() + 1));
  }
  return verbs;
}

std::string first_words() {
  std::vector<std::string_view> words;
  for (const auto& command : kCommands) {
    const auto word = first_word(command.name);
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  std::string text;
  for (const auto word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

std::string overview() {
  std::string text = "What an operator of aftercommit looks at, and does.\nUsage:\n";
  for (const auto& command : kCommands) {
    text.append("  aftercommit ").append(command.name).append(" ").append(command.usage).append("\n");
    text.append("      ").append(command.what).append("\n");
  }
  return text + "\n`aftercommit COMMAND --help` lists the options of one.\n" + kAfterHelp;
}

std::string help_of(const Description& command) {
  auto text = describe(command).help();
  if (const auto examples = examples_of(command.name); !examples.empty()) {
    text += "\nExamples:\n";
    std::string_view rest{examples};
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      text.append("  ").append(rest.substr(0, end)).append("\n");
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return text + kAfterHelp;
}

std::vector<CommandText> command_table() {
  std::vector<CommandText> table;
  for (const auto& command : kCommands) {
    table.push_back({.name = std::string{command.name},
                     .usage = std::string{command.usage},
                     .what = std::string{command.what},
                     .options = options_of(describe(command)),
                     .examples = std::string{examples_of(command.name)}});
  }
  return table;
}

std::string after_help() { return kAfterHelp; }

}  // namespace aftercommit::cli
