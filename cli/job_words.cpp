#include "cli/job_words.hpp"

#include <chrono>
#include <string>

#include "aftercommit/job_id.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "broker/contract/levels.hpp"
#include "cli/words.hpp"

namespace aftercommit::cli {
namespace {

bool lists_dead(Command command) { return command == Command::kDeadList; }

bool changes_dead(Command command) {
  return command == Command::kDeadRetry || command == Command::kDeadDelete;
}

bool has_filter(Command command) {
  return command == Command::kJobs || lists_dead(command) || changes_dead(command);
}

std::string given(const cxxopts::ParseResult& parsed, const std::string& option) {
  if (parsed.count(option) > 0 && value_of(parsed, option).empty())
    throw UsageError{"--" + option + " is empty: give a value, or leave it out"};
  return value_of(parsed, option);
}

std::optional<std::chrono::milliseconds> time_given(const cxxopts::ParseResult& parsed,
                                                    const std::string& option) {
  if (parsed.count(option) == 0) return std::nullopt;
  return length_of_time(option, value_of(parsed, option));
}

/// The one argument of a command, or none.
std::string argument(const cxxopts::ParseResult& parsed, std::string_view command, const char* what) {
  const auto& words = parsed.unmatched();
  if (words.size() > 1) refuse_argument(words[1], command);
  if (words.empty()) {
    throw UsageError{std::string{command} + " needs " + what + "; see aftercommit " + std::string{command} +
                     " --help"};
  }
  return words.front();
}

void read_priority(const cxxopts::ParseResult& parsed, Options& options) {
  if (parsed.count("priority") == 0) return;
  const auto word = value_of(parsed, "priority");
  for (const auto level : kAllLevels) {
    if (word == name_of(level) || word == std::to_string(index_of(level))) options.priority = level;
  }
  if (!options.priority) {
    throw UsageError{"--priority takes critical, high, normal or low (0 to 3), not " + in_quotes(word)};
  }
}

void read_enqueue(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  const auto& words = parsed.unmatched();
  if (words.empty() || words.size() > 2) {
    if (words.size() > 2) refuse_argument(words[2], command);
    throw UsageError{"enqueue needs the name of a task; see aftercommit enqueue --help"};
  }
  options.task = words.front();
  if (!valid_name(options.task)) {
    throw UsageError{in_quotes(options.task) + " is not the name of a task (1 to 64 of a-z A-Z 0-9 _ . -)"};
  }
  if (words.size() == 2) options.args_json = words[1];
  options.queue = given(parsed, "queue");
  if (options.queue.empty()) options.queue = "default";
  check_name("queue", options.queue);
  options.countdown = time_given(parsed, "countdown");
  options.expires = time_given(parsed, "expires");
  options.immediate = parsed.count("immediate") > 0;
  read_priority(parsed, options);
  if (parsed.count("max-retries") > 0)
    options.max_retries = number<int>("max-retries", value_of(parsed, "max-retries"), 0, 999'999, "999999");
}

/// A new flow, and why; or a look at this one.
void read_again(const cxxopts::ParseResult& parsed, Options& options) {
  options.name = given(parsed, "again-from");
  options.note = given(parsed, "note");
  const bool again = parsed.count("again-from") > 0;
  if (again && (options.name.empty() || options.args))
    throw UsageError{"--again-from takes the name of a step, and goes without --results"};
  if (!again && parsed.count("note") > 0) throw UsageError{"--note goes with --again-from"};
}

void read_jobs(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  if (!parsed.unmatched().empty()) refuse_argument(parsed.unmatched().front(), command);
  options.task = given(parsed, "task");
  options.queue = given(parsed, "queue");
  check_name("task", options.task);
  check_name("queue", options.queue);
  if (const auto word = given(parsed, "state"); !word.empty()) {
    options.state = operate::standing_of(word);
    if (!options.state) {
      throw UsageError{"--state takes ready, delayed, running, retrying, aside, paused or dead, not " +
                       in_quotes(word)};
    }
  }
  options.limit = number<std::size_t>("limit", parsed["limit"].as<std::string>(), 1, 10'000, "10000");
  options.args = parsed.count("args") > 0;
  options.oldest = parsed.count("oldest") > 0;
  read_dead_words(parsed, options);
  if (options.oldest && options.state == operate::JobStanding::kDead)
    throw UsageError{"dead jobs are listed the newest first: leave --oldest out, or give --older-than"};
}

}  // namespace

bool is_about_jobs(Command command) {
  return command == Command::kJobs || command == Command::kJob || command == Command::kFlow ||
         command == Command::kEnqueue || command == Command::kPurge || command == Command::kWorkers ||
         command == Command::kTasks;
}

void add_job_words(Command command, cxxopts::OptionAdder& add) {
  const auto text = [] { return cxxopts::value<std::string>(); };
  if (command == Command::kJobs) {
    add("state", "ready, delayed, running, retrying, aside, paused or dead", text(), "S");
    add("queue", "only jobs of this queue", text(), "Q");
    add("task", "only jobs of this task", text(), "T");
  }
  if (has_filter(command)) {
    const bool dead = command != Command::kJobs;
    add("argument", "only jobs with this text in their arguments, as JSON without spaces", text(), "TEXT");
    add("error", "only jobs with this text in an error", text(), "TEXT");
    add("older-than",
        dead ? "only those that died longer ago: 90s, 15m, 36h, 7d"
             : "only those asked for longer ago: 90s, 15m, 36h, 7d",
        text(), "AGE");
    add("newer-than", "the opposite", text(), "AGE");
  }
  if (command == Command::kJobs || lists_dead(command))
    add("after", "the next page: what the one before has named", text(), "PLACE");
  if (command == Command::kJobs) {
    add("limit", "at most so many", cxxopts::value<std::string>()->default_value("50"), "N");
    add("oldest", "the oldest rows first");
    add("args", "with their arguments");
  }
  if (changes_dead(command)) add("dry-run", "change nothing, and say what would be");
  if (command == Command::kJob) add("args", "with its arguments, its headers and its result");
  if (command == Command::kFlow) {
    add("results", "with what its steps have returned");
    add("again-from", "a new flow, which has what this one has done before that step, and goes on from there",
        text(), "STEP");
    add("note", "why, for who looks at the new flow", text(), "TEXT");
  }
  if (command == Command::kEnqueue) {
    add("queue", "in this queue (default: default)", text(), "Q");
    add("countdown", "not before so long has passed: 90s, 15m, 36h, 7d", text(), "TIME");
    add("expires", "not later than this", text(), "TIME");
    add("priority", "critical, high, normal or low", text(), "P");
    add("max-retries", "after the first attempt (default: as the task says)", text(), "N");
    add("immediate", "to Redis alone, without a row in the job table");
  }
  if (command == Command::kPurge) {
    add("durable", "delete the rows of durable jobs as well");
    add("yes", "do not ask");
  }
  if (command == Command::kWorkers) add("queue", "only those that serve this queue", text(), "Q");
  if (command == Command::kTasks) add("queue", "only those that workers of this queue know", text(), "Q");
}

void read_dead_words(const cxxopts::ParseResult& parsed, Options& options) {
  const auto has = [&](Command one) { return options.command == one; };
  options.argument = given(parsed, "argument");
  options.error = given(parsed, "error");
  options.older_than = time_given(parsed, "older-than");
  options.newer_than = time_given(parsed, "newer-than");
  if (has(Command::kJobs) || has(Command::kDeadList)) options.after = given(parsed, "after");
  options.dry_run = changes_dead(options.command) && parsed.count("dry-run") > 0;
}

void read_job_words(const cxxopts::ParseResult& parsed, std::string_view command, Options& options) {
  switch (options.command) {
    case Command::kJobs:
      return read_jobs(parsed, command, options);
    case Command::kJob:
    case Command::kFlow: {
      const bool flow = options.command == Command::kFlow;
      const auto text = argument(parsed, command, flow ? "the id of a flow" : "the id of a job");
      const auto id = JobId::parse(text);
      if (!id) throw UsageError{in_quotes(text) + " is not the id of a job: that is a UUID of 36 characters"};
      options.ids = {id->str()};
      options.args = parsed.count(flow ? "results" : "args") > 0;
      if (flow) read_again(parsed, options);
      return;
    }
    case Command::kEnqueue:
      return read_enqueue(parsed, command, options);
    case Command::kPurge:
      options.queue = argument(parsed, command, "the name of a queue");
      if (may_hold_secret(options.queue)) refuse_argument(options.queue, command);
      if (!valid_name(options.queue)) {
        throw UsageError{in_quotes(options.queue) +
                         " is not the name of a queue (1 to 64 of a-z A-Z 0-9 _ . -)"};
      }
      options.durable = parsed.count("durable") > 0;
      options.yes = parsed.count("yes") > 0;
      return;
    default:
      if (!parsed.unmatched().empty()) refuse_argument(parsed.unmatched().front(), command);
      options.queue = given(parsed, "queue");
      check_name("queue", options.queue);
  }
}

operate::JobFilter filter_of(const Options& options) {
  operate::JobFilter filter{.queue = options.queue,
                            .task = options.task,
                            .argument = options.argument,
                            .error = options.error,
                            .state = options.state};
  const auto now = std::chrono::system_clock::now();
  if (options.older_than) filter.before = now - *options.older_than;
  if (options.newer_than) filter.since = now - *options.newer_than;
  return filter;
}

}  // namespace aftercommit::cli
