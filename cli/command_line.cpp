#include "cli/command_line.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cxxopts.hpp>
#include <string_view>
#include <system_error>

#include "aftercommit/error.hpp"
#include "aftercommit/job_id.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "cli/dashboard_words.hpp"
#include "cli/descriptions.hpp"
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

void read_blame(const cxxopts::ParseResult& parsed, Options& options) {
  const auto& words = parsed.unmatched();
  if (words.size() < 2 || words.front().empty()) {
    throw UsageError{"blame needs a table and the key of a row in it; see aftercommit blame --help"};
  }
  options.table = words.front();
  options.row_key.assign(words.begin() + 1, words.end());
  options.key_column = value_of(parsed, "key-column");
  if (parsed.count("key-column") == 0) return;
  if (options.key_column.empty()) throw UsageError{"--key-column is empty: name one, or leave it out"};
  if (options.row_key.size() > 1) {
    throw UsageError{"--key-column goes with one KEY; for several columns give each as COLUMN=VALUE"};
  }
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
  } else if (command.command == Command::kBlame) {
    read_blame(parsed, options);
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

/// "dead list" and its like for the two words, else the first.
std::string command_name(int argc, const char* const* argv) {
  std::string name = argv[1];
  if (!verbs_of(name).empty() && argc > 2) name.append(" ").append(argv[2]);
  return name;
}

}  // namespace

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
  const auto* const command = find_description(name);
  if (command == nullptr) {
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
