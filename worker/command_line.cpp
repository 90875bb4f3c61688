#include "worker/command_line.hpp"

#include <charconv>
#include <cstdlib>
#include <cxxopts.hpp>
#include <set>
#include <string_view>
#include <system_error>

#include "aftercommit/error.hpp"
#include "broker/envelope.hpp"

namespace aftercommit::worker {
namespace {

constexpr const char* kAfterHelp = R"(
Each option may be given by the environment instead: --app by AFTERCOMMIT_APP, --log-level by
AFTERCOMMIT_LOG_LEVEL and so on; --redis by REDIS_URL; --database by DATABASE_URL (alias "default") and
DATABASE_URL_<ALIAS>.

Signals: SIGTERM and SIGINT stop the worker: it fetches no more, gives back what has not started and lets the
running jobs finish until --shutdown-timeout; then it cancels their queries and gives them back, which uses up
no retry.  A second signal ends it at once.

Exit codes:
  0  stopped by a signal; every job is finished or given back
  1  a fault of the worker itself
  2  a wrong option, or a task library that cannot be loaded
  3  Redis or a database cannot be reached, or cannot serve
  4  ended with jobs not given back: by a second signal, or because Redis was away
)";

std::string environment(std::string_view option) {
  std::string name = "AFTERCOMMIT_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

/// The value of an option that has no default: command line, environment, or empty.
std::string optional_value_of(const cxxopts::ParseResult& parsed, const std::string& option) {
  return parsed.count(option) > 0 ? parsed[option].as<std::string>() : environment(option);
}

/// The value of an option that has one.
std::string value_of(const cxxopts::ParseResult& parsed, const std::string& option) {
  const auto given = optional_value_of(parsed, option);
  return given.empty() ? parsed[option].as<std::string>() : given;
}

template <class Number>
Number number(const std::string& option, std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw UsageError{"--" + option + " takes a number from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", not '" + clean_text(text, 40) + "'"};
  }
  return value;
}

std::chrono::milliseconds seconds(const std::string& option, std::string_view text) {
  return std::chrono::milliseconds{number<long>(option, text, 0, 86'400L * 365) * 1000};
}

std::vector<QueueChoice> parse_queues(std::string_view text) {
  std::vector<QueueChoice> queues;
  std::set<std::string, std::less<>> seen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto colon = item.find(':');
    QueueChoice choice{std::string{item.substr(0, colon)}, 0};
    if (colon != std::string_view::npos)
      choice.weight = number<int>("queues (a weight)", item.substr(colon + 1), 1, 1000);
    if (!valid_name(choice.name)) {
      throw UsageError{"--queues: '" + clean_text(choice.name, 64) +
                       "' is not a queue name (1 to 64 of a-z A-Z 0-9 _ . -)"};
    }
    if (!seen.insert(choice.name).second) throw UsageError{"--queues names '" + choice.name + "' twice"};
    queues.push_back(std::move(choice));
  }
  if (queues.empty()) throw UsageError{"--queues names no queue"};
  return queues;
}

/// "postgresql://..." for the alias default, or "reports=postgresql://...".
std::pair<std::string, std::string> parse_database(const std::string& text) {
  const auto equals = std::min(text.find('='), text.size());
  const auto alias = std::string_view{text}.substr(0, equals);
  const auto url = std::string_view{text}.substr(std::min(equals + 1, text.size()));
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (!is_url || !valid_name(alias)) return {"default", text};  // user=postgres is libpq's own form
  return {std::string{alias}, std::string{url}};
}

LogLevel parse_level(const std::string& text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  throw UsageError{"--log-level is one of debug, info, warning, error, not '" + clean_text(text, 40) + "'"};
}

bool parse_format(const std::string& text) {
  if (text != "text" && text != "json") {
    throw UsageError{"--log-format is text or json, not '" + clean_text(text, 40) + "'"};
  }
  return text == "json";
}

cxxopts::Options describe() {
  cxxopts::Options options{"worker", "Runs the jobs of an aftercommit application.\n"};
  options.custom_help("--app ./libtasks.so [options]");
  options.add_options()                                                                              //
      ("app", "shared library with the application's tasks", cxxopts::value<std::string>(), "PATH")  //
      ("queues", "queues to serve, the first one first; with weights (mail:3,default:1) each gets its share",
       cxxopts::value<std::string>()->default_value("default"), "NAMES")                                    //
      ("concurrency", "jobs run at the same time", cxxopts::value<std::string>()->default_value("8"), "N")  //
      ("prefetch", "most jobs fetched ahead while jobs are quick; slow ones are never held back",
       cxxopts::value<std::string>()->default_value("200"), "N")  //
      ("redis", "redis://user:password@host:port/db?prefix=ac, or unix:///path?db=0",
       cxxopts::value<std::string>(), "URL")  //
      ("database", "postgresql://..., or alias=postgresql://...; may be given for each alias",
       cxxopts::value<std::vector<std::string>>(), "URL")  //
      ("shutdown-timeout", "seconds the running jobs have to finish after SIGTERM",
       cxxopts::value<std::string>()->default_value("25"), "S")  //
      ("unknown-task-grace", "seconds a job whose task no worker knows waits before it is a dead letter",
       cxxopts::value<std::string>()->default_value("600"), "S")  //
      ("log-level", "debug, info, warning or error", cxxopts::value<std::string>()->default_value("info"),
       "LEVEL")                                                                                       //
      ("log-format", "text or json", cxxopts::value<std::string>()->default_value("text"), "FORMAT")  //
      ("version", "print the version and exit")("help", "print this and exit");
  return options;
}

}  // namespace

std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv, bool needs_app) {
  auto description = describe();
  try {
    const auto parsed = description.parse(argc, argv);
    if (parsed.count("help") > 0) return PrintAndExit{description.help() + kAfterHelp};
    if (parsed.count("version") > 0)
      return PrintAndExit{std::string{"aftercommit worker "} + AFTERCOMMIT_VERSION + "\n"};
    if (!parsed.unmatched().empty()) {
      const auto& argument = parsed.unmatched().front();
      if (argument.find("://") != std::string::npos) {  // not quoted: it may hold a password
        throw UsageError{"unexpected URL: put --redis or --database before it; see worker --help"};
      }
      throw UsageError{"unexpected argument '" + clean_text(argument, 60) + "'; see worker --help"};
    }

    Options options;
    options.app_path = optional_value_of(parsed, "app");
    if (needs_app && options.app_path.empty()) {
      throw UsageError{
          "--app is missing: name the shared library with the tasks, as in worker --app ./libtasks.so"};
    }
    options.queues = parse_queues(value_of(parsed, "queues"));
    options.concurrency = number<std::size_t>("concurrency", value_of(parsed, "concurrency"), 1, 1000);
    options.prefetch = number<std::size_t>("prefetch", value_of(parsed, "prefetch"), 0, 10'000);
    if (parsed.count("redis") > 0) options.redis_url = parsed["redis"].as<std::string>();
    for (const auto& given :
         parsed.arguments()) {  // not as a vector: cxxopts would split a URL at its commas
      if (given.key() != "database") continue;
      auto [alias, url] = parse_database(given.value());
      options.database_urls[alias] = url;
    }
    options.shutdown_timeout = seconds("shutdown-timeout", value_of(parsed, "shutdown-timeout"));
    options.unknown_task_grace = seconds("unknown-task-grace", value_of(parsed, "unknown-task-grace"));
    options.log_level = parse_level(value_of(parsed, "log-level"));
    options.log_json = parse_format(value_of(parsed, "log-format"));
    return options;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError{std::string{error.what()} + "; see worker --help"};
  }
}

}  // namespace aftercommit::worker
