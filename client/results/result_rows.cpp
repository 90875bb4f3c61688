#include "client/results/result_rows.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <pqxx/result>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/json/json_parser.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/columns.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::size_t kNoteLimit = 256;  // bytes

constexpr std::array<std::pair<ResultState, std::string_view>, 6> kStates{{
    {ResultState::kPending, "pending"},
    {ResultState::kDone, "done"},
    {ResultState::kFailed, "failed"},
    {ResultState::kCancelled, "cancelled"},
    {ResultState::kExpired, "expired"},
    {ResultState::kUnknown, "unknown"},
}};

/// What an error says that the set-up is wrong; the rest passes through.
template <class Ask>
auto ask_tables(Database& database, const Ask& ask) {
  try {
    return ask();
  } catch (const std::exception& error) {
    const auto code = sqlstate_of(error);
    if (code == "42P01" || code == "42883" || code == "3F000") {
      throw ConfigError{schema_of(database) + " has no tables of results, which come with version " +
                        std::to_string(kResultsVersion) + ": run `" + command_for(database, "migrate") + "`"};
    }
    if (code == "42501") {
      throw ConfigError{"cannot read results in " + schema_of(database) + ": " + first_line(error) +
                        "; GRANT this role SELECT on its tables result, progress, job, dead, cancelled and "
                        "ledger"};
    }
    throw;
  }
}

ResultState state_of(std::string_view word) {
  const auto* const found = std::ranges::find(kStates, word, &decltype(kStates)::value_type::second);
  return found == kStates.end() ? ResultState::kUnknown : found->first;
}

/// Of a column that PostgreSQL knows to be JSON.
nlohmann::json json_in(const pqxx::field& field) {
  if (field.is_null()) return nullptr;
  auto parsed = parse_json(field.c_str(), {kArgsDepthLimit, kArgsValueLimit});
  if (auto* const tree = std::get_if<nlohmann::json>(&parsed)) return std::move(*tree);
  throw PayloadError{"a result that is kept cannot be read: " + std::get<Malformed>(parsed).reason};
}

FoundResult found_result(const pqxx::row& row) {
  FoundResult found{.state = state_of(row[0].c_str())};
  if (found.state == ResultState::kDone) found.value = json_in(row[1]);
  if (!row[2].is_null()) found.error = row[2].c_str();
  for (const auto& line : json_in(row[3])) {
    if (line.is_string()) found.log.push_back(line.get<std::string>());
  }
  return found;
}

std::string lines_in_json(std::span<const std::string> lines) {
  std::string json;
  for (const auto& line : lines) append_json_string_lossy(json.append(json.empty() ? "[" : ","), line);
  return json + "]";
}

std::string in_json(std::span<const WrittenProgress> progress, bool ascii) {
  std::string json = "[";
  for (const auto& one : progress) {
    const auto note = in_one_line(one.note, kNoteLimit);
    json.append(json.size() > 1 ? "," : "").append("{\"id\":\"").append(one.job.str());
    append_json_integer(json.append("\",\"attempt\":"), one.attempt);
    append_json_integer(json.append(",\"done\":"), one.done);
    append_json_integer(json.append(",\"total\":"), one.total);
    append_json_string(json.append(",\"note\":"), ascii ? ascii_json(note) : note);
    json += '}';
  }
  return json + "]";
}

}  // namespace

bool has_result_tables(Database& database) { return schema_is_at_least(database, kResultsVersion); }

Rider result_rider(Session& transaction, const JobId& job, std::string_view task, const ReturnedValue& value,
                   std::span<const std::string> log) {
  return {&transaction.database().core()->statements.keep_result,
          {literal(job.str()), literal(task), transaction.json_literal(value.json),
           log.empty() ? "NULL" : transaction.json_literal(lines_in_json(log)),
           std::to_string(value.ttl.count())}};
}

std::vector<FoundResult> find_results(Database& database, std::span<const JobId> jobs) {
  std::vector<FoundResult> found;
  const auto rows = ask_tables(
      database, [&] { return database.exec(statements_of(database).find_results, in_braces(jobs)); });
  for (const auto& row : rows) found.push_back(found_result(row));
  return found;
}

std::size_t purge_results(Database& database) {
  return static_cast<std::size_t>(database.exec(statements_of(database).purge_results).affected_rows());
}

void write_progress(Database& database, std::span<const WrittenProgress> progress) {
  constexpr std::string_view kUntranslatable = "22P05";
  const auto write = [&](bool ascii) {
    database.exec(statements_of(database).write_progress, in_json(progress, ascii));
  };
  try {
    return write(false);
  } catch (const std::exception& error) {
    if (sqlstate_of(error) != kUntranslatable) throw;
  }
  write(true);  // with escapes for what the encoding of the database lacks, for people to read
}

void forget_progress(Database& database, std::span<const JobId> jobs) {
  database.exec(statements_of(database).forget_progress, in_braces(jobs));
}

std::optional<JobProgress> find_progress(Database& database, const JobId& job) {
  const auto rows =
      ask_tables(database, [&] { return database.exec(statements_of(database).find_progress, job); });
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  return JobProgress{.attempt = row[0].as<int>(),
                     .done = row[1].as<std::int64_t>(),
                     .total = row[2].as<std::int64_t>(),
                     .note = row[3].as<std::string>(),
                     .at = from_epoch_us(row[4].as<std::int64_t>())};
}

std::size_t purge_progress(Database& database) {
  return static_cast<std::size_t>(database.exec(statements_of(database).purge_progress).affected_rows());
}

}  // namespace aftercommit::detail

namespace aftercommit {

std::string_view to_string(ResultState state) noexcept {
  for (const auto& [known, word] : detail::kStates) {
    if (known == state) return word;
  }
  return "unknown";
}

}  // namespace aftercommit
