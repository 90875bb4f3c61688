#include "client/periodic/periodic_table.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "client/statements/sql_template.hpp"
#include "periodic_sql.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string_view without_comment(std::string_view text) {
  while (text.starts_with("--")) text.remove_prefix(text.find('\n') + 1);
  return text;
}

/// In ASCII, whatever the encoding of the database.
std::string in_json(std::span<const PeriodicDeclaration> all) {
  auto array = nlohmann::json::array();
  for (const auto& one : all) {
    array.push_back({{"name", one.name},
                     {"task", one.task},
                     {"schedule", one.schedule},
                     {"zone", one.zone},
                     {"missed", one.missed},
                     {"envelope", one.envelope}});
  }
  return array.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::optional<Schedule::Time> time_of(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return Schedule::Time{seconds{field.as<std::int64_t>()}};
}

std::optional<std::chrono::system_clock::time_point> to_instant(const std::optional<Schedule::Time>& time) {
  return time ? std::optional{std::chrono::system_clock::time_point{*time}} : std::nullopt;
}

}  // namespace

PeriodicTable::PeriodicTable(Database& database) : database_{database} {}

std::string PeriodicTable::sql(std::string_view text) const {
  constexpr std::string_view kPlace = "{declared}";
  std::string statement{without_comment(text)};
  if (const auto at = statement.find(kPlace); at != std::string::npos) {
    statement.replace(at, kPlace.size(), without_comment(periodic_sql::declared));
  }
  return in_schema(statement, database_.options().schema);
}

void PeriodicTable::declare(const std::string& app, std::span<const PeriodicDeclaration> declared,
                            bool started) const {
  // Whatever the default: what another worker has just declared is no conflict.
  database_.atomic({.isolation = Isolation::kReadCommitted},
                   [&] { database_.exec(sql(periodic_sql::declare), app, in_json(declared), started); });
}

std::vector<PeriodicTable::Wait> PeriodicTable::waits(const std::string& app,
                                                      std::span<const PeriodicDeclaration> declared) const {
  std::vector<Wait> waits;
  for (const auto& row : database_.exec(sql(periodic_sql::waits), app, in_json(declared))) {
    waits.push_back({.name = row[0].as<std::string>(), .time = milliseconds{row[1].as<std::int64_t>()}});
  }
  return waits;
}

std::optional<PeriodicTable::Taken> PeriodicTable::take(const std::string& app,
                                                        const PeriodicDeclaration& declared) const {
  const auto rows = database_.exec(sql(periodic_sql::take), app, in_json({&declared, 1}));
  if (rows.empty()) return std::nullopt;
  return Taken{.due = rows[0][0].as<bool>(),
               .next_at = time_of(rows[0][1]),
               .now = time_of(rows[0][2]).value(),
               .runs_asked = rows[0][3].as<int>()};
}

void PeriodicTable::move(const std::string& app, const std::string& name, const Done& done) const {
  database_.exec(sql(periodic_sql::move), app, name, done.was_due, to_instant(done.next),
                 to_instant(done.last_tick), done.last_job);
}

std::vector<PeriodicRow> PeriodicTable::rows() const {
  std::vector<PeriodicRow> all;
  for (const auto& row : database_.exec(sql(periodic_sql::list))) {
    auto& found = all.emplace_back();
    found.app = row[0].as<std::string>();
    found.declared = {.name = row[1].as<std::string>(),
                      .task = row[2].as<std::string>(),
                      .schedule = row[3].as<std::string>(),
                      .zone = row[4].as<std::string>(),
                      .missed = row[5].as<std::string>(),
                      .envelope = row[6].as<std::string>()};
    found.paused = row[7].as<bool>();
    found.next_at = time_of(row[8]);
    found.never = row[9].as<bool>();
    found.last_tick = time_of(row[10]);
    if (!row[11].is_null()) found.last_job = JobId::parse(row[11].c_str());
    found.declared_at = time_of(row[12]).value();
    found.unseen = milliseconds{row[13].as<std::int64_t>()};
    found.now = time_of(row[14]).value();
    found.runs_asked = row[15].as<int>();
  }
  return all;
}

bool PeriodicTable::set_paused(const std::string& app, const std::string& name, bool paused) const {
  return database_.exec(sql(periodic_sql::pause), app, name, paused).affected_rows() == 1;
}

void PeriodicTable::ask_run(const std::string& app, const std::string& name) const {
  database_.exec(sql(periodic_sql::ask_run), app, name);
}

bool PeriodicTable::forget(const std::string& app, const std::string& name) const {
  return database_.exec(sql(periodic_sql::forget), app, name).affected_rows() == 1;
}

}  // namespace aftercommit::detail
