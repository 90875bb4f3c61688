#include "worker/settings/command_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cxxopts.hpp>
#include <set>
#include <string_view>
#include <system_error>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/command/man_page.hpp"
#include "base/command/options_of.hpp"
#include "base/in_seconds.hpp"
#include "base/text/secrets.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/statements/sql_template.hpp"
#include "worker/settings/config_file.hpp"
#include "worker/settings/given.hpp"
#include "worker/settings/listen_address.hpp"

namespace aftercommit::worker {
namespace {

constexpr const char* kAfterHelp = R"(
Each option may be given by the environment instead: --app by AFTERCOMMIT_APP, --log-level by
AFTERCOMMIT_LOG_LEVEL and so on; --redis by REDIS_URL; --database by DATABASE_URL (alias "default") and
DATABASE_URL_<ALIAS>; or by the file of --config, of lines such as "log-level = debug", by the name of the option or of
its variable.  The command line wins over the environment, and that over the file; --check-config prints what holds and
where it stands.

--metrics serves /metrics in the format of Prometheus, /livez and /readyz, for all processes of the worker together.

Signals: SIGTERM and SIGINT stop the worker: it fetches no more, gives back what has not started and lets the
running jobs finish until --shutdown-timeout; then it cancels their queries and gives them back, which uses up
no retry.  A second signal ends it at once.  SIGHUP, as a terminal sends it that is closed, stops it in the same
way, and is never the second; where it is ignored at the start, as under nohup, it stays ignored.  SIGUSR1, sent to the
first process, has all others replaced, one after the other, each in good order: they load the task library anew.

Log: to standard error, which nothing waits for.  Lines that nobody reads are dropped, and their number is told
when lines can be written again.

Processes: jobs run in --processes processes, which the first one only watches.  One that crashes is replaced and
what it held is given back at once; a job that was running in each of three crashes becomes a dead letter.  With
--processes 0 there is only one process.  A process that gets nowhere for --hang-timeout, in the worker's own code
or waiting for a server, is ended, and its jobs are given back; a task's own time is bounded by --time-limit.  With
--processes 0 it ends with exit code 1.

Time limits: a task that runs for --time-limit has its query cancelled and its transaction rolled back, and the
attempt fails.  One that does not end even so costs its process, which is replaced: that attempt fails as well, and
the other jobs of the process run again.  With --processes 0 the worker ends with exit code 1, and its jobs come back
after --lease with no attempt used up.

Leases: a worker that is killed together with the process that watches it, or whose machine fails, or that loses
Redis, gives nothing back; other workers of the same queues take its jobs once it has been silent for --lease.

--relay-only brings jobs from the job tables to Redis and runs none, so it needs no --app.

Exit codes:
  0  stopped by a signal; every job is finished or given back
  1  a fault of the worker itself
  2  a wrong option, a task library that cannot be loaded, or a first start that died
  3  Redis or a database cannot be reached, or cannot serve
  4  ended with jobs not given back: by a second signal, or because Redis was away, or by a crash during the
     stop; they come back after --lease
The code of a worker with several processes is the worst of theirs.
)";

template <class Number>
Number number(const std::string& option, std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw UsageError{"--" + option + " takes a number from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", not '" + shown_argument(text, 40) + "'"};
  }
  return value;
}

std::chrono::milliseconds seconds(const std::string& option, std::string_view text) {
  return std::chrono::milliseconds{number<long>(option, text, 0, 86'400L * 365) * 1000};
}

/// Seconds with a fraction, to the millisecond.
std::chrono::milliseconds fraction(const std::string& option, std::string_view text,
                                   std::chrono::milliseconds least, std::chrono::milliseconds most) {
  double value = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value, std::chars_format::fixed);
  const bool in_range = value * 1000 >= static_cast<double>(least.count()) &&
                        value * 1000 <= static_cast<double>(most.count());  // a NaN is not
  if (error != std::errc{} || end != last || !in_range) {
    throw UsageError{"--" + option + " takes seconds from " + in_seconds(least) + " to " + in_seconds(most) +
                     ", not '" + shown_argument(text, 40) + "'"};
  }
  return std::chrono::milliseconds{std::lround(value * 1000)};
}

/// `option`: by which they were given.
std::vector<QueueChoice> parse_queues(const std::string& option, std::string_view text) {
  if (may_hold_secret(text)) throw UsageError{"--" + option + " takes names of queues, not a URL"};
  std::vector<QueueChoice> queues;
  std::set<std::string, std::less<>> seen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto colon = item.find(':');
    QueueChoice choice{std::string{item.substr(0, colon)}, 0};
    if (colon != std::string_view::npos)
      choice.weight = number<int>(option + " (a weight)", item.substr(colon + 1), 1, 1000);
    if (!valid_name(choice.name)) {
      throw UsageError{"--" + option + ": '" + clean_text(choice.name, 64) +
                       "' is not a queue name (1 to 64 of a-z A-Z 0-9 _ . -)"};
    }
    if (!seen.insert(choice.name).second)
      throw UsageError{"--" + option + " names '" + choice.name + "' twice"};
    queues.push_back(std::move(choice));
  }
  if (queues.empty()) throw UsageError{"--" + option + " names no queue"};
  return queues;
}

/// As it was given; empty: nothing is served.
std::string parse_metrics(const std::string& text) {
  if (!text.empty() && split_address(text).port.empty()) {
    throw UsageError{
        "--metrics takes the address to serve them at, HOST:PORT as in 127.0.0.1:9394, or a port of "
        "127.0.0.1, not '" +
        shown_argument(text, 40) + "'"};
  }
  return text;
}

LogLevel parse_level(const std::string& text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  throw UsageError{"--log-level is one of debug, info, warning, error, not '" + shown_argument(text, 40) +
                   "'"};
}

std::string parse_schema(const std::string& name) {
  try {
    detail::in_schema({}, name);
  } catch (const ConfigError& error) {
    throw UsageError{std::string{"--schema: "} + error.what()};
  }
  return name;
}

bool parse_format(const std::string& text) {
  if (text != "text" && text != "json") {
    throw UsageError{"--log-format is text or json, not '" + shown_argument(text, 40) + "'"};
  }
  return text == "json";
}

void read_processes(const Given& given, Options& options) {
  options.processes = number<std::size_t>("processes", given.value_of("processes"), 0, 1000);
  options.max_jobs = number<std::size_t>("max-jobs", given.value_of("max-jobs"), 0, 1'000'000'000);
  options.max_memory_mb = number<std::size_t>("max-memory", given.value_of("max-memory"), 0, 16'000'000);
  options.hang_timeout = seconds("hang-timeout", given.value_of("hang-timeout"));
  if (options.processes > 0) return;
  for (const auto& [option, value] :
       {std::pair{"max-jobs", options.max_jobs}, {"max-memory", options.max_memory_mb}}) {
    if (value == 0) continue;
    throw UsageError{
        std::string{"--"} + option +
        " replaces a process that another one watches, and --processes 0 has none: leave one of them out"};
  }
}

void read_leases(const Given& given, Options& options) {
  using namespace std::chrono_literals;
  options.lease = fraction("lease", given.value_of("lease"), 100ms, 24h);
  const auto heartbeat = given.optional_value_of("heartbeat");
  options.heartbeat = heartbeat.empty() ? options.lease / 3 : fraction("heartbeat", heartbeat, 10ms, 8h);
  if (options.heartbeat * 3 > options.lease) {
    throw UsageError{"--heartbeat " + in_seconds(options.heartbeat) + " is more than a third of --lease " +
                     in_seconds(options.lease) + ": one lost message must not end the lease"};
  }
}

void read_time_limits(const Given& given, Options& options) {
  using namespace std::chrono_literals;
  constexpr auto kMost = 365 * 24h;
  options.time_limit = fraction("time-limit", given.value_of("time-limit"), 0ms, kMost);
  options.soft_time_limit = fraction("soft-time-limit", given.value_of("soft-time-limit"), 0ms, kMost);
  if (options.time_limit > 0ms && options.soft_time_limit >= options.time_limit) {
    throw UsageError{"--soft-time-limit " + in_seconds(options.soft_time_limit) +
                     " is not below --time-limit " + in_seconds(options.time_limit) +
                     ": a task would be cut short before it is asked to stop"};
  }
}

void read_relay(const Given& given, Options& options) {
  using namespace std::chrono_literals;
  options.relay = !given.flag("no-relay");
  options.relay_only = given.flag("relay-only");
  if (options.relay_only && !options.relay) {
    throw UsageError{"--relay-only and --no-relay leave nothing to do: give one of them"};
  }
  options.relay_interval = fraction("relay-interval", given.value_of("relay-interval"), 10ms, 1h);
  if (given.says("schema")) {
    options.schema = parse_schema(given.optional_value_of("schema"));
  }
  options.migrate = !given.flag("no-migrate");
  options.keep_ledger =
      std::chrono::hours{24 * number<int>("keep-ledger", given.value_of("keep-ledger"), 1, 36'500)};
  options.history = std::chrono::hours{24 * number<int>("history", given.value_of("history"), 0, 36'500)};
}

void read_celery(const Given& given, Options& options) {
  if (given.says("celery-queue")) {
    for (auto& queue : parse_queues("celery-queue", given.optional_value_of("celery-queue"))) {
      if (queue.weight > 0)
        throw UsageError{"--celery-queue takes no weights: each queue is looked at by itself"};
      options.celery_queues.push_back(std::move(queue.name));
    }
  }
  options.celery_broker = given.optional_value_of("celery-broker");
  if (!options.celery_queues.empty() && options.relay_only) {
    throw UsageError{"--celery-queue needs a worker that knows the tasks: leave --relay-only out"};
  }
  if (options.celery_queues.empty() && !options.celery_broker.empty()) {
    throw UsageError{
        "--celery-broker has nothing to do: name the queues whose messages are to be jobs, by "
        "--celery-queue"};
  }
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
      ("redis",
       "redis://user:password@host:port/db?prefix=ac, rediss://..., redis+sentinel://..., "
       "redis+cluster://..., "
       "unix:///path?db=0, or none; several with a space between are shards",
       cxxopts::value<std::string>(), "URL")  //
      ("database", "postgresql://..., or alias=postgresql://...; may be given for each alias",
       cxxopts::value<std::vector<std::string>>(), "URL")  //
      ("shutdown-timeout", "seconds the running jobs have to finish after SIGTERM",
       cxxopts::value<std::string>()->default_value("25"), "S")  //
      ("unknown-task-grace", "seconds a job whose task no worker knows waits before it is a dead letter",
       cxxopts::value<std::string>()->default_value("600"), "S")  //
      ("processes", "processes that run jobs, each with --concurrency, watched and replaced; 0: do not watch",
       cxxopts::value<std::string>()->default_value("1"), "N")  //
      ("max-jobs", "replace a process that has run so many jobs; 0: never",
       cxxopts::value<std::string>()->default_value("0"), "N")  //
      ("max-memory", "replace a process that has grown beyond this; 0: never",
       cxxopts::value<std::string>()->default_value("0"), "MB")  //
      ("hang-timeout",
       "replace a process whose threads get nowhere for so many seconds, a task's own time apart; 0: only "
       "say so",
       cxxopts::value<std::string>()->default_value("300"), "S")  //
      ("time-limit",
       "seconds a task may run, unless it says otherwise: then its query is cancelled and the attempt fails; "
       "0: "
       "no limit",
       cxxopts::value<std::string>()->default_value("1800"), "S")  //
      ("soft-time-limit", "seconds after which it is asked to stop; 0: never",
       cxxopts::value<std::string>()->default_value("0"), "S")  //
      ("lease", "seconds a worker may be silent before others take its jobs",
       cxxopts::value<std::string>()->default_value("15"), "S")  //
      ("heartbeat", "seconds between two renewals of the lease, a third of it at most and by default",
       cxxopts::value<std::string>(), "S")                                                           //
      ("no-relay", "bring no jobs from the job tables to Redis: others do", cxxopts::value<bool>())  //
      ("relay-only", "do nothing else: run no jobs", cxxopts::value<bool>())                         //
      ("no-periodic", "ask for no jobs of periodic tasks: others do", cxxopts::value<bool>())        //
      ("celery-queue", "make durable jobs of what clients of Celery send to these queues",
       cxxopts::value<std::string>(), "NAMES")  //
      ("celery-broker", "redis://... of the Redis that is Celery's broker (default: the one of --redis)",
       cxxopts::value<std::string>(), "URL")  //
      ("relay-interval", "longest time in seconds between two looks at a job table",
       cxxopts::value<std::string>()->default_value("0.5"), "S")  //
      ("schema", "of the job table and the ledger, in each database (default: as the app says)",
       cxxopts::value<std::string>(), "NAME")  //
      ("no-migrate", "do not bring that schema up to date at start: refuse to start",
       cxxopts::value<bool>())  //
      ("keep-ledger", "days it is remembered that a job without a row in the job table is done",
       cxxopts::value<std::string>()->default_value("7"), "DAYS")  //
      ("history",
       "days it is kept which job wrote in which transaction, for aftercommit blame; 0: not at all",
       cxxopts::value<std::string>()->default_value("0"), "DAYS")  //
      ("log-level", "debug, info, warning or error", cxxopts::value<std::string>()->default_value("info"),
       "LEVEL")  //
      ("list-tasks", "print each task with its options and the countdowns before its retries, and exit",
       cxxopts::value<bool>())                                                                              //
      ("python-tasks", "print a module of Python with the tasks, typed, and exit", cxxopts::value<bool>())  //
      ("log-format", "text or json", cxxopts::value<std::string>()->default_value("text"), "FORMAT")        //
      ("metrics", "serve metrics and health over HTTP there, as in 127.0.0.1:9394",
       cxxopts::value<std::string>(),
       "HOST:PORT")  //
      ("config", "file with options, a line for each: name = value", cxxopts::value<std::string>(),
       "FILE")                                                                                          //
      ("check-config", "print each option with where it comes from, and exit", cxxopts::value<bool>())  //
      ("version", "print the version and exit")("help", "print this and exit");
  return options;
}

/// What can be set by each of the ways.
std::vector<std::string> settable(const cxxopts::Options& description) {
  constexpr std::array<std::string_view, 6> kOnlyHere{"help",         "version",    "config",
                                                      "check-config", "list-tasks", "python-tasks"};
  std::vector<std::string> names;
  for (const auto& option : options_of(description)) {
    if (std::ranges::find(kOnlyHere, option.name) == kOnlyHere.end()) names.push_back(option.name);
  }
  return names;
}

/// Empty: there is none.
std::string config_path(const cxxopts::ParseResult& parsed) {
  if (parsed.count("config") > 0) return parsed["config"].as<std::string>();
  const char* const path = std::getenv("AFTERCOMMIT_CONFIG");
  return path != nullptr ? path : "";
}

Options read_options(const Given& given, bool needs_app) {
  Options options;
  options.app_path = given.optional_value_of("app");
  read_relay(given, options);
  read_leases(given, options);
  read_processes(given, options);
  read_time_limits(given, options);
  read_celery(given, options);
  options.periodic = !given.flag("no-periodic");
  if (needs_app && options.app_path.empty() && !options.relay_only) {
    throw UsageError{
        "--app is missing: name the shared library with the tasks, as in worker --app ./libtasks.so"};
  }
  options.queues = parse_queues("queues", given.value_of("queues"));
  options.concurrency = number<std::size_t>("concurrency", given.value_of("concurrency"), 1, 1000);
  options.prefetch = number<std::size_t>("prefetch", given.value_of("prefetch"), 0, 10'000);
  options.redis_url = given.redis_url();
  options.database_urls = given.database_urls();
  options.metrics = parse_metrics(given.optional_value_of("metrics"));
  options.shutdown_timeout = seconds("shutdown-timeout", given.value_of("shutdown-timeout"));
  options.unknown_task_grace = seconds("unknown-task-grace", given.value_of("unknown-task-grace"));
  options.log_level = parse_level(given.value_of("log-level"));
  options.log_json = parse_format(given.value_of("log-format"));
  return options;
}

/// The same; an error about what stands in the file says where.
Options read_all(const Given& given, bool needs_app) {
  try {
    return read_options(given, needs_app);
  } catch (const UsageError& error) {
    throw UsageError{error.what() + given.blame(error.what())};
  }
}

/// worker(1), made of what --help says; the build keeps it.
std::string own_man_page() {
  return man_page({.name = "worker",
                   .what = "run the jobs of an aftercommit application",
                   .version = AFTERCOMMIT_VERSION,
                   .usage = "--app ./libtasks.so [options]",
                   .options = options_of(describe()),
                   .after = kAfterHelp,
                   .see_also = {"aftercommit(1)", "systemd.service(5)"}});
}

}  // namespace

std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv, bool needs_app) {
  if (argc == 2 && std::string_view{argv[1]} == "--man-page") return PrintAndExit{own_man_page()};
  auto description = describe();
  ConfigFile file;
  try {
    const auto parsed = description.parse(argc, argv);
    const Given given{parsed, file};
    if (parsed.count("help") > 0) return PrintAndExit{description.help() + kAfterHelp};
    if (parsed.count("version") > 0)
      return PrintAndExit{std::string{"aftercommit worker "} + AFTERCOMMIT_VERSION + "\n"};
    if (!parsed.unmatched().empty()) {
      const auto& argument = parsed.unmatched().front();
      if (may_hold_secret(argument)) {  // not quoted
        throw UsageError{"unexpected URL: put --redis or --database before it; see worker --help"};
      }
      throw UsageError{"unexpected argument '" + clean_text(argument, 60) + "'; see worker --help"};
    }

    const auto known = settable(description);
    if (const auto path = config_path(parsed); !path.empty()) file = ConfigFile{path, known};

    auto options = read_all(given, needs_app);
    options.list_tasks = parsed.count("list-tasks") > 0;
    options.python_tasks = parsed.count("python-tasks") > 0;
    if (parsed.count("check-config") > 0) return PrintAndExit{given.table(known)};
    return options;
  } catch (const cxxopts::exceptions::exception& error) {
    // What cxxopts quotes may be a URL.
    const std::string_view flaw = error.what();
    throw UsageError{(may_hold_secret(flaw) ? "a URL stands where none may" : std::string{flaw}) +
                     "; see worker --help"};
  }
}

}  // namespace aftercommit::worker
