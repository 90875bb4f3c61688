#include "cli/command_line.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cxxopts.hpp>
#include <string_view>
#include <system_error>

#include "aftercommit/error.hpp"
#include "aftercommit/job_id.hpp"
#include "base/command/options_of.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "cli/dashboard_words.hpp"
#include "cli/examples.hpp"
#include "cli/job_words.hpp"
#include "cli/man_page.hpp"
#include "cli/output.hpp"
#include "cli/words.hpp"
#include "client/job_table/migrations.hpp"
#include "client/settings/database_argument.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/dead_job.hpp"

namespace aftercommit::cli {
namespace {

struct Description {
  Command command;
  std::string_view name;
  std::string_view usage;
  std::string_view what;
};

constexpr std::string_view kWhichDead =
    "ID... | [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] [--newer-than AGE] | --all "
    "[--queue Q] [--dry-run] [--json] [options]";

constexpr auto kCommands = std::to_array<Description>({
    {Command::kMigrate, "migrate", "[--print [--from N]] [options]",
     "Brings the tables of jobs in each database up to date."},
    {Command::kStats, "stats", "[--watch [S]] [--rate S] [--json] [options]",
     "Counts what each queue holds."},
    {Command::kJobs, "jobs",
     "[--state S] [--queue Q] [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] [--newer-than "
     "AGE] "
     "[--oldest] [--limit N] [--after PLACE] [--args] [--json] [options]",
     "Lists jobs that wait or run, the newest first; or with --state dead the dead ones."},
    {Command::kJob, "job", "ID [--args] [--json] [options]",
     "Tells everything about one job, wherever it is, and its story."},
    {Command::kEnqueue, "enqueue",
     "TASK [ARGS] [--queue Q] [--countdown TIME] [--expires TIME] [--priority P] [--max-retries N] "
     "[--immediate] "
     "[--json] [options]",
     "Asks for a job of a task, durable where there is a database; ARGS is a JSON array."},
    {Command::kPurge, "purge", "QUEUE [--durable] [--yes] [--json] [options]",
     "Deletes the jobs of a queue that wait, once it has asked."},
    {Command::kWorkers, "workers", "[--queue Q] [--json] [options]",
     "Lists workers: where they are, since when, and what they run."},
    {Command::kTasks, "tasks", "[--queue Q] [--json] [options]", "Lists the tasks that apps declare."},
    {Command::kDeadList, "dead list",
     "[--queue Q] [--task T] [--argument TEXT] [--error TEXT] [--older-than AGE] [--newer-than AGE] [--limit "
     "N] "
     "[--after PLACE] [--json] [options]",
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
     "[--read-only] "
     "[--show-args] [--redact RULE]... [--metrics URL]... [options]",
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
     job: nobody knows it; purge: it was not confirmed; cancel: one of the jobs cannot be cancelled any more, or is not known
  2  an unknown command, or a wrong option
  3  Redis or a database cannot be reached, or cannot serve
  4  a fault of the command itself
  130  Ctrl-C has ended it (143: SIGTERM); dead retry, dead delete and purge end behind the batch at hand, and say how
       much is done
)";

std::string overview() {
  std::string text = "What an operator of aftercommit looks at, and does.\nUsage:\n";
  for (const auto& command : kCommands) {
    text.append("  aftercommit ").append(command.name).append(" ").append(command.usage).append("\n");
    text.append("      ").append(command.what).append("\n");
  }
  return text + "\n`aftercommit COMMAND --help` lists the options of one.\n" + kAfterHelp;
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
         command == Command::kCancel;
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
        "for a table "
        "on a terminal, else 0)",
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
  if (command.command == Command::kAudit) {
    add("pause", "seconds between two looks", cxxopts::value<std::string>()->default_value("1"), "S");
  }
  if (command.command == Command::kCompletion) {
    add("help", "print this and exit");
    return options;
  }
  add("redis", "redis://user:password@host:port/db?prefix=ac, or unix:///path?db=0",
      cxxopts::value<std::string>(), "URL");
  add("database", "postgresql://..., or alias=postgresql://..., or an alias; may be given more than once",
      cxxopts::value<std::vector<std::string>>(), "URL");
  add("schema", "of the job tables (default: aftercommit)", cxxopts::value<std::string>(), "NAME");
  add("help", "print this and exit");
  return options;
}

void read_connections(const cxxopts::ParseResult& parsed, operate::Connections& connections) {
  connections.redis_url = value_of(parsed, "redis");
  for (const auto& given : parsed.arguments()) {  // not as a vector: cxxopts would split a URL at its commas
    if (given.key() != "database") continue;
    if (valid_name(given.value())) {
      connections.only.insert(given.value());
      continue;
    }
    const auto [alias, url] = detail::parse_database_argument(given.value());
    connections.database_urls[alias] = url;
  }
  if (!connections.only.empty()) {
    for (const auto& [alias, url] : connections.database_urls) connections.only.insert(alias);
  }
  connections.schema = value_of(parsed, "schema");
  const char* schema = std::getenv("AFTERCOMMIT_SCHEMA");
  if (connections.schema.empty() && schema != nullptr) connections.schema = schema;
  if (parsed.count("schema") == 0 && connections.schema.empty()) return;
  try {
    detail::in_schema({}, connections.schema);
  } catch (const ConfigError& error) {
    throw UsageError{std::string{"--schema: "} + error.what()};
  }
}

void read_ids(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  for (const auto& argument : parsed.unmatched()) {
    if (const auto job = JobId::parse(argument)) {
      options.ids.push_back(job->str());
    } else if (operate::is_letter_handle(argument)) {
      options.ids.push_back(argument);
    } else if (may_hold_secret(argument)) {
      refuse_argument(argument, command);
    } else {
      throw UsageError{in_quotes(argument) + " is not an id: give one as aftercommit dead list shows it"};
    }
  }
}

void read_periodic(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  const auto& names = parsed.unmatched();
  if (names.size() > 1 && may_hold_secret(names[1])) refuse_argument(names[1], command);
  if (names.size() != 1 || names.front().empty()) {
    throw UsageError{std::string{command} +
                     " takes one name, as aftercommit periodic list shows it, in quotes where it has spaces"};
  }
  if (may_hold_secret(names.front())) refuse_argument(names.front(), command);
  options.name = names.front();
  options.app = value_of(parsed, "app");
}

void read_limit(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  const bool sets = options.command == Command::kLimitsSet;
  const auto& words = parsed.unmatched();
  for (const auto& word : words) {
    if (may_hold_secret(word)) refuse_argument(word, command);
  }
  if (words.size() != (sets ? 2U : 1U) || words.front().empty()) {
    throw UsageError{std::string{command} + (sets ? " takes a name and a number" : " takes one name") +
                     ", as aftercommit limits list shows it, in quotes where it has spaces"};
  }
  options.name = words.front();
  if (!sets) return;
  int most = 0;
  const auto& text = words.back();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), most);
  if (error != std::errc{} || end != text.data() + text.size() || most < 0 || most > 10'000) {
    throw UsageError{"limits set takes a whole number from 0 to 10000, not " + in_quotes(text)};
  }
  options.most = most;
}

/// The one of pause and resume.
void read_queue(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  for (const auto& argument : parsed.unmatched()) {
    if (may_hold_secret(argument) || !options.queue.empty()) refuse_argument(argument, command);
    if (!valid_name(argument)) {
      throw UsageError{in_quotes(argument) + " is not the name of a queue (1 to 64 of a-z A-Z 0-9 _ . -)"};
    }
    options.queue = argument;
  }
  if (options.queue.empty()) {
    throw UsageError{std::string{command} + " needs the name of a queue; see aftercommit " +
                     std::string{command} + " --help"};
  }
}

/// One way of saying which dead jobs are meant, and no more than one.
void check_selection(std::string_view command, const Options& options) {
  const bool filters = !options.task.empty() || !options.argument.empty() || !options.error.empty() ||
                       options.older_than || options.newer_than;
  const int ways = (options.ids.empty() ? 0 : 1) + (filters ? 1 : 0) + (options.all ? 1 : 0);
  if (ways != 1) {
    throw UsageError{std::string{command} + (ways == 0 ? " needs" : " takes only one of") +
                     " ids, a filter such as --task, or --all; see aftercommit " + std::string{command} +
                     " --help"};
  }
  if (!options.ids.empty() && !options.queue.empty()) {
    throw UsageError{"--queue goes with a filter or --all, not with ids"};
  }
}

/// Either ids, or --list.
void read_cancel(const cxxopts::ParseResult& parsed, Options& options) {
  options.list = parsed.count("list") > 0;
  options.note = value_of(parsed, "note");
  if (options.list != options.ids.empty() || (options.list && parsed.count("note") > 0)) {
    throw UsageError{
        "cancel takes either ids, with a --note or without, or --list; see aftercommit cancel --help"};
  }
  const auto letter = std::ranges::find_if(options.ids, operate::is_letter_handle);
  if (letter == options.ids.end()) return;
  throw UsageError{in_quotes(*letter) +
                   " is a dead letter, and runs no more: see aftercommit dead delete --help"};
}

/// Seconds with a fraction.
std::chrono::milliseconds seconds_of(const std::string& option, std::string_view text, double least) {
  const auto value = number<double>(option, text, least, 86'400, "86400");
  return std::chrono::milliseconds{std::lround(value * 1000)};
}

/// --watch alone, --watch=5 or --watch 5, of which cxxopts leaves the 5 as an argument.
void read_stats(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  if (parsed.count("rate") > 0) options.rate = seconds_of("rate", value_of(parsed, "rate"), 0);
  const auto& rest = parsed.unmatched();
  if (!rest.empty() && (parsed.count("watch") == 0 || rest.size() > 1)) {
    refuse_argument(rest.back(), command);
  }
  if (parsed.count("watch") == 0) return;
  options.watch = seconds_of("watch", rest.empty() ? parsed["watch"].as<std::string>() : rest.front(), 0.1);
}

void read_doctor(const cxxopts::ParseResult& parsed, Options& options) {
  if (parsed.count("processes") > 0) {
    options.processes = number<std::size_t>("processes", value_of(parsed, "processes"), 0, 100'000, "100000");
  }
  options.concurrency =
      number<std::size_t>("concurrency", parsed["concurrency"].as<std::string>(), 1, 1000, "1000");
}

void read_shell(const cxxopts::ParseResult& parsed, Options& options) {
  const auto& words = parsed.unmatched();
  if (words.size() != 1 || (words.front() != "bash" && words.front() != "zsh")) {
    throw UsageError{"completion takes the name of a shell, bash or zsh; see aftercommit completion --help"};
  }
  options.shell = words.front();
}

Options read(const cxxopts::ParseResult& parsed, const Description& command) {
  Options options{.command = command.command};
  if (command.command == Command::kCompletion) {
    read_shell(parsed, options);
    return options;
  }
  read_connections(parsed, options.connections);
  if (is_about_jobs(command.command)) {
    read_job_words(parsed, command.name, options);
  } else if (command.command == Command::kStats) {
    read_stats(parsed, command.name, options);
  } else if (names_queue(command.command)) {
    read_queue(parsed, command.name, options);
  } else if (names_jobs(command.command)) {
    read_ids(parsed, command.name, options);
  } else if (names_periodic(command.command)) {
    read_periodic(parsed, command.name, options);
  } else if (names_limit(command.command)) {
    read_limit(parsed, command.name, options);
  } else if (!parsed.unmatched().empty()) {
    refuse_argument(parsed.unmatched().front(), command.name);
  }
  options.json = writes_json(command.command) && parsed.count("json") > 0;
  if (command.command == Command::kMigrate) {
    options.print = parsed.count("print") > 0;
    if (parsed.count("from") > 0) {
      if (!options.print)
        throw UsageError{"--from goes with --print: a database says where it stands itself"};
      options.from = number<int>("from", value_of(parsed, "from"), 0, detail::kSchemaVersion,
                                 std::to_string(detail::kSchemaVersion));
    }
  }
  if (is_dead(command.command)) {
    for (const char* option : {"task", "queue"}) {
      if (parsed.count(option) > 0 && value_of(parsed, option).empty()) {
        throw UsageError{std::string{"--"} + option + " is empty: name one, or leave it out"};
      }
    }
    options.task = value_of(parsed, "task");
    options.queue = value_of(parsed, "queue");
    check_name("task", options.task);
    check_name("queue", options.queue);
    read_dead_words(parsed, options);
  }
  if (command.command == Command::kDeadList || command.command == Command::kCancel) {
    options.limit = number<std::size_t>("limit", parsed["limit"].as<std::string>(), 1, 1'000'000, "1000000");
  }
  if (command.command == Command::kCancel) read_cancel(parsed, options);
  if (command.command == Command::kDeadShow && options.ids.size() != 1) {
    throw UsageError{"dead show takes one id, as aftercommit dead list shows it"};
  }
  if (command.command == Command::kDeadRetry || command.command == Command::kDeadDelete) {
    options.all = parsed.count("all") > 0;
    check_selection(command.name, options);
  }
  if (command.command == Command::kAdopt) {
    options.queue = value_of(parsed, "queue");
    options.all = parsed.count("all") > 0;
    check_name("queue", options.queue);
    if (options.queue.empty() != options.all) {
      throw UsageError{"adopt needs either --queue or --all; see aftercommit adopt --help"};
    }
  }
  if (command.command == Command::kDashboard) read_dashboard_words(parsed, options.dashboard_settings);
  if (command.command == Command::kDoctor) read_doctor(parsed, options);
  if (command.command == Command::kTop)
    options.watch = seconds_of("every", parsed["every"].as<std::string>(), 0.1);
  if (command.command == Command::kAudit) {
    const auto pause = number<double>("pause", parsed["pause"].as<std::string>(), 0, 3600, "3600");
    options.pause = std::chrono::milliseconds{std::lround(pause * 1000)};
  }
  return options;
}

/// "dead" of "dead list".
std::string_view first_word(std::string_view name) { return name.substr(0, name.find(' ')); }

/// The second words of the commands that begin with this one; none where it is a command itself.
std::vector<std::string_view> verbs_of(std::string_view word) {
  std::vector<std::string_view> verbs;
  for (const auto& command : kCommands) {
    if (command.name.size() > word.size() && first_word(command.name) == word)
      verbs.push_back(command.name.substr(word.size() + 1));
  }
  return verbs;
}

/// "migrate, stats, dead, ...": each first word once, in their order.
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

/// "dead list" and its like for the two words, else the first.
std::string command_name(int argc, const char* const* argv) {
  std::string name = argv[1];
  if (!verbs_of(name).empty() && argc > 2) name.append(" ").append(argv[2]);
  return name;
}

/// The help of one command.
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

}  // namespace

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

std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv) {
  if (argc < 2) throw UsageError{"name a command: " + first_words() + "; see aftercommit --help"};
  const auto name = command_name(argc, argv);
  const bool asks_help_of_group = name.ends_with(" --help") && !verbs_of(first_word(name)).empty();
  if (name == "--help" || name == "-h" || name == "help" || asks_help_of_group) {
    return PrintAndExit{overview()};
  }
  if (name == "--version") return PrintAndExit{"aftercommit " AFTERCOMMIT_VERSION "\n"};
  if (name == "--man-page") return PrintAndExit{own_man_page()};
  if (const auto verbs = verbs_of(name); !verbs.empty()) {
    std::string text;
    for (const auto verb : verbs) text.append(text.empty() ? "" : ", ").append(verb);
    throw UsageError{name + " needs one of " + text + "; see aftercommit --help"};
  }
  const auto command = std::ranges::find(kCommands, name, &Description::name);
  if (command == kCommands.end()) {
    if (may_hold_secret(name)) refuse_argument(name, "");
    throw UsageError{in_quotes(name) + " is not a command: the first word is one of " + first_words() +
                     "; see aftercommit --help"};
  }
  const int words = command->name.find(' ') == std::string_view::npos ? 1 : 2;
  try {
    auto description = describe(*command);
    const auto parsed = description.parse(argc - words, argv + words);
    if (parsed.count("help") > 0) return PrintAndExit{help_of(*command)};
    return read(parsed, *command);
  } catch (const cxxopts::exceptions::exception& error) {
    const std::string_view flaw = error.what();  // cxxopts quotes what it was given
    throw UsageError{(may_hold_secret(flaw) ? "a URL stands where none may" : one_line(flaw, 200)) +
                     "; see aftercommit " + std::string{command->name} + " --help"};
  }
}

}  // namespace aftercommit::cli
