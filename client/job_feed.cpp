#include "client/job_feed.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "aftercommit/error.hpp"
#include "broker/text.hpp"
#include "client/session.hpp"

namespace aftercommit::detail {
namespace {

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

}  // namespace

FeedCursor FeedCursor::from_the_start() { return {.token = JobId::generate().str()}; }

std::string FeedCursor::str() const {
  auto text = token + " " + shown;
  if (sweeping) text += " " + *sweeping + " " + position.xact + " " + position.id;
  return text;
}

std::optional<FeedCursor> FeedCursor::parse(std::string_view text) {
  const auto parts = words(text);
  if (parts.size() != 2 && parts.size() != 5) return std::nullopt;
  if (!is_snapshot(parts[1])) return std::nullopt;
  FeedCursor cursor{.token = std::string{parts[0]}, .shown = std::string{parts[1]}};
  if (parts.size() == 2) return cursor;
  if (!is_snapshot(parts[2]) || !JobId::parse(parts[4])) return std::nullopt;
  cursor.sweeping = std::string{parts[2]};
  cursor.position = {std::to_string(number(parts[3])), std::string{parts[4]}};
  return cursor;
}

std::string JobFeed::source() const {
  const auto& core = *database_.core();
  return database_.exec(core.statements.relay_source, core.options.schema)[0][0].as<std::string>();
}

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
  const auto rows = database_.exec(message);
  FeedPage page{.snapshot = rows[0][0].as<std::string>(), .jobs = {}};
  for (const auto& row : rows) {
    if (row[1].is_null()) continue;  // the one row of an empty page
    page.jobs.push_back(
        {JobId::parse(row[1].c_str()).value(), {row[2].c_str(), row[1].c_str()}, row[3].as<bool>()});
  }
  return page;
}

bool can_follow(std::string_view earlier, std::string_view later) {
  return number(Snapshot{later}.xmax) >= number(Snapshot{earlier}.xmax);
}

}  // namespace aftercommit::detail
