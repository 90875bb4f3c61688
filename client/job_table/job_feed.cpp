#include "client/job_table/job_feed.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <iterator>
#include <set>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::string_view kComplete = "complete";
constexpr std::string_view kBacklog = "backlog ";

/// "xmin:xmax:xip,xip", as pg_snapshot prints it.
struct Snapshot {
  std::string_view xmax;
  std::string_view running;

  explicit Snapshot(std::string_view text) {
    const auto first = text.find(':');
    const auto second = text.find(':', first + 1);
    xmax = text.substr(first + 1, second - first - 1);
    running = text.substr(second + 1);
  }
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_snapshot(std::string_view text) {
  return text.find_first_not_of("0123456789:,") == text.npos && std::ranges::count(text, ':') == 2;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    const auto end = text.find(' ');
    all.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return all;
}

/// A source, taken apart: "<run> <system>/<database>/<schema>".  Older releases named the timeline alone,
/// "<system>/<database>/<timeline>/<schema>"; their run sorts before all others.
struct Source {
  std::string run;
  std::string table;

  static Source parse(std::string_view text) {
    if (text.starts_with(kBacklog)) text.remove_prefix(kBacklog.size());
    const auto space = text.find(' ');
    const auto slash = text.find('/');
    if (space < slash) return {std::string{text.substr(0, space)}, std::string{text.substr(space + 1)}};
    const auto timeline = text.find('/', slash == text.npos ? slash : slash + 1);
    const auto schema = text.find('/', timeline == text.npos ? timeline : timeline + 1);
    if (schema == text.npos) return {{}, std::string{text}};
    return {{}, std::string{text.substr(0, timeline)}.append(text.substr(schema))};
  }
};

/// Runs what is refused on a standby.
pqxx::result ask(Database& database, const std::function<pqxx::result()>& statement) {
  try {
    return statement();
  } catch (const pqxx::sql_error& error) {
    constexpr std::string_view kNotSupported = "0A000";  // READ WRITE, during recovery
    if (sqlstate_of(error) != kNotSupported) throw;
    database.core()->pool.drop_idle();  // the next session may lead to the primary
    throw DatabaseUnavailable{"the server of database '" + database.alias() +
                              "' is a standby, of which no jobs can be relayed: lead its URL to the primary, "
                              "or promote it"};
  }
}

}  // namespace

FeedCursor FeedCursor::from_the_start() { return {.token = JobId::generate().str()}; }

std::string FeedCursor::str() const {
  auto text = token + " " + shown;
  if (sweeping) text += " " + *sweeping + " " + position.xact + " " + position.id;
  if (complete) text.append(1, ' ').append(kComplete);
  return text;
}

std::optional<FeedCursor> FeedCursor::parse(std::string_view text) {
  auto parts = words(text);
  const bool complete = parts.size() > 2 && parts.back() == kComplete;
  if (complete) parts.pop_back();
  if (parts.size() != 2 && parts.size() != 5) return std::nullopt;
  if (!is_snapshot(parts[1])) return std::nullopt;
  FeedCursor cursor{.token = std::string{parts[0]}, .shown = std::string{parts[1]}};
  cursor.complete = complete;
  if (parts.size() == 2) return cursor;
  if (!is_snapshot(parts[2]) || !JobId::parse(parts[4])) return std::nullopt;
  cursor.sweeping = std::string{parts[2]};
  cursor.position = {std::to_string(number(parts[3])), std::string{parts[4]}};
  return cursor;
}

std::string JobFeed::source() const { return read("default", FeedCursor::from_the_start(), 0).source; }

FeedPage JobFeed::read(const std::string& queue, const FeedCursor& cursor, std::size_t limit) const {
  if (!valid_name(queue)) {  // the table refuses others, and the message below takes it as it is
    throw ConfigError{"the job table of database '" + database_.alias() + "' has jobs of queue '" +
                      clean_text(queue, 64) + "', which is no name: delete them, and restore its CHECK"};
  }
  const Snapshot shown{cursor.shown};
  std::string message;
  database_.core()->statements.relay_fresh.append_to(
      message,
      {{literal("{" + std::string{shown.running} + "}"), literal(queue), literal(cursor.position.xact),
        literal(cursor.position.id), std::to_string(limit), literal(shown.xmax)}});
  const auto rows = ask(database_, [&] { return database_.exec(message); });
  FeedPage page{.source = rows[0][0].as<std::string>(), .snapshot = rows[0][1].as<std::string>(), .jobs = {}};
  for (const auto& row : rows) {
    if (row[2].is_null()) continue;  // the one row of an empty page
    page.jobs.push_back(
        {JobId::parse(row[2].c_str()).value(), {row[3].c_str(), row[2].c_str()}, row[4].as<bool>()});
  }
  return page;
}

FeedRows JobFeed::load(std::span<const JobId> jobs) const {
  std::string ids = "{";
  for (const auto& job : jobs) ids += (ids.size() > 1 ? "," : "") + job.str();
  const auto answer = database_.exec(database_.core()->statements.relay_load, ids + "}");
  FeedRows found{.source = answer[0][0].as<std::string>(), .rows = {}};
  for (const auto& row : answer) {
    if (!row[1].is_null()) found.rows.push_back(job_row(row, 1));
  }
  return found;
}

bool can_follow(std::string_view earlier, std::string_view later) {
  return number(Snapshot{later}.xmax) >= number(Snapshot{earlier}.xmax);
}

bool drop_later(FeedPage& page, std::string_view snapshot) {
  const auto xmax = number(Snapshot{snapshot}.xmax);
  const auto later = std::ranges::find_if(
      page.jobs, [&](const FeedPage::Entry& entry) { return number(entry.position.xact) >= xmax; });
  const bool any = later != page.jobs.end();
  page.jobs.erase(later, page.jobs.end());
  return any;
}

/// As a part of the run: cursors of earlier shards are outlived as those of earlier runs are.
std::string of_shards(std::string_view source, std::string_view among) {
  if (among.empty()) return std::string{source};
  const auto run = source.substr(0, source.find(' '));
  return std::string{run}.append("~").append(among).append(source.substr(run.size()));
}

std::string backlog_of(std::string_view source) { return std::string{kBacklog}.append(source); }

std::vector<std::string> outlived(const std::vector<std::string>& known, std::string_view source) {
  constexpr std::size_t kKept = 2;
  const auto current = Source::parse(source);
  std::set<std::string, std::greater<>> runs;  // each begins with the time of its start: the newest first
  for (const auto& name : known) {
    if (auto other = Source::parse(name); other.table == current.table && other.run != current.run) {
      runs.insert(std::move(other.run));
    }
  }
  for (std::size_t kept = 0; kept < kKept && !runs.empty(); ++kept) runs.erase(runs.begin());
  std::vector<std::string> names;
  std::ranges::copy_if(known, std::back_inserter(names), [&](const std::string& name) {
    const auto other = Source::parse(name);
    return other.table == current.table && runs.contains(other.run);
  });
  return names;
}

}  // namespace aftercommit::detail
