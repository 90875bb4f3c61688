#include "client/flows/flow_rows.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
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

constexpr std::array<std::string_view, 9> kStepKinds{"step",     "external", "sleep",   "event", "version",
                                                     "children", "pages",    "failure", "undo"};
constexpr std::array<std::string_view, 4> kSignalWords{"given", "taken", "late", "ended"};

/// JSON as the encoding of the database can hold it.
std::string storable(Database& database, const std::string& json) {
  return Session::of(database.core()).holds_unicode() ? json : ascii_json(json);
}

std::optional<std::string> text_or_null(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional{field.as<std::string>()};
}

}  // namespace

bool has_flow_tables(Database& database) { return schema_is_at_least(database, kFlowsVersion); }

bool is_step_name(std::string_view name) noexcept {
  constexpr std::size_t kMost = 100;
  return !name.empty() && name.size() <= kMost && !name.starts_with(' ') && !name.ends_with(' ') &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

std::string_view to_string(StepRow::Kind kind) noexcept { return kStepKinds[static_cast<std::size_t>(kind)]; }

std::string failure_json(const FlowFailure& failure) {
  return nlohmann::json{{"reason", failure.reason}, {"attempts", failure.attempts}, {"undo", failure.undos}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FlowFailure read_failure(const std::string& cause, const std::string& json) {
  FlowFailure failure{.cause = cause, .reason = {}};
  const auto tree = nlohmann::json::parse(json, nullptr, false);
  if (!tree.is_object()) return failure;
  try {
    failure.reason = tree.value("reason", "");
    failure.attempts = tree.value("attempts", 1);
    failure.undos = tree.value("undo", failure.undos);
  } catch (const nlohmann::json::exception&) {
    // Written by another program.
  }
  return failure;
}

std::vector<StepRow> load_steps(Database& database, const JobId& flow, const TestTime& now) {
  std::vector<StepRow> steps;
  for (const auto& row : database.exec(statements_of(database).load_steps, flow, now)) {
    const auto* const kind = std::ranges::find(kStepKinds, std::string_view{row[2].c_str()});
    steps.push_back({.name = row[1].as<std::string>(),
                     .kind = static_cast<StepRow::Kind>(kind - kStepKinds.begin()),
                     .value = text_or_null(row[3]),
                     .done = row[4].as<bool>(),
                     .left = std::chrono::milliseconds{row[5].as<std::int64_t>()}});
  }
  return steps;
}

Rider step_guard(const Database& database, const Envelope& job, std::size_t place) {
  return {&database.core()->statements.guard_step,
          {literal(job.id.str()), std::to_string(job.attempt), std::to_string(place)}};
}

Rider step_rider(Session& transaction, const JobId& flow, const DoneStep& step) {
  return {&transaction.database().core()->statements.record_step,
          {literal(flow.str()), std::to_string(step.place), text_literal(step.name),
           literal(to_string(step.kind)), step.value ? transaction.json_literal(*step.value) : "NULL",
           std::to_string(step.tries), literal(*to_sql(step.began))}};
}

Rider begin_rider(const Database& database, const Envelope& job) {
  return {&database.core()->statements.begin_flow, {literal(job.id.str()), literal(job.task)}};
}

Rider end_rider(Session& transaction, const Envelope& job) {
  return {&transaction.database().core()->statements.end_flow,
          {literal(job.id.str()), literal(job.task), transaction.json_literal(encode(job))}};
}

Rider pages_rider(Session& transaction, const JobId& flow, const DoneStep& step, bool last) {
  return {&transaction.database().core()->statements.keep_pages,
          {literal(flow.str()), std::to_string(step.place), text_literal(step.name),
           transaction.json_literal(*step.value), std::to_string(step.tries), literal(*to_sql(step.began)),
           last ? "true" : "false"}};
}

bool is_done_by_another(const std::exception& error) {
  constexpr std::string_view kUniqueViolation = "23505";
  return sqlstate_of(error) == kUniqueViolation &&
         std::string_view{error.what()}.find("\"flow_step_pkey\"") != std::string_view::npos;
}

void intend_step(Database& database, const JobId& flow, const DoneStep& step) {
  database.exec(statements_of(database).intend_step, flow, step.place, step.name, step.tries);
}

bool finish_step(Database& database, const JobId& flow, const DoneStep& step) {
  return !database
              .exec(statements_of(database).finish_step, flow, step.place, storable(database, *step.value),
                    step.tries)
              .empty();
}

void begin_sleep(Database& database, const JobId& flow, const DoneStep& step,
                 std::chrono::milliseconds length, const TestTime& now) {
  database.exec(statements_of(database).begin_sleep, flow, step.place, step.name, step.tries, length.count(),
                now);
}

void move_flow(Database& database, const Envelope& next, std::chrono::milliseconds due_in) {
  database.exec(statements_of(database).move_flow, next.id, next.attempt, storable(database, encode(next)),
                countdown_ms(due_in));
}

PagesLook read_pages(Database& database, const JobId& flow, std::size_t place) {
  const auto rows = database.exec(statements_of(database).read_pages, flow, place);
  if (rows.empty()) return {};
  return {.value = text_or_null(rows[0][0]), .done = rows[0][1].as<bool>()};
}

EventLook await_event(Database& database, const JobId& flow, const std::string& name,
                      std::chrono::milliseconds timeout, const TestTime& now) {
  const auto& statements = statements_of(database);
  if (!database.exec(statements.await_event, flow, name, timeout.count(), now).empty())
    return {.waits_anew = true, .left = timeout};
  const auto found = database.exec(statements.look_for_event, flow, name, now);
  if (found.empty()) return {.busy = true};
  return {.given = found[0][0].as<bool>(),
          .value = text_or_null(found[0][1]),
          .left = std::chrono::milliseconds{found[0][2].as<std::int64_t>()}};
}

void close_event(Database& database, const JobId& flow, const std::string& name) {
  database.exec(statements_of(database).close_event, flow, name);
}

void intend_children(Database& database, const JobId& flow, const DoneStep& step,
                     std::span<const FlowChildren::Child> children) {
  const auto& statements = statements_of(database);
  database.exec(statements.intend_children, flow, step.place, step.name, step.tries);
  auto rows = nlohmann::json::array();
  for (const auto& child : children)
    rows.push_back({{"id", child.job.str()}, {"n", rows.size()}, {"task", child.task}});
  if (!rows.empty()) database.exec(statements.add_children, flow, step.place, rows);
}

ChildrenLook look_for_children(Database& database, const JobId& flow, std::size_t place) {
  const auto look = database.exec(statements_of(database).look_for_children, flow, place);
  return {.left = look[0][0].as<std::size_t>(), .lost = text_or_null(look[0][1]).value_or("")};
}

std::string load_children(Database& database, const JobId& flow, std::size_t place) {
  std::string json = "[";
  for (const auto& row : database.exec(statements_of(database).load_children, flow, place))
    json.append(json.size() > 1 ? "," : "").append(text_or_null(row[0]).value_or("null"));
  return json + "]";
}

Rider tell_flow_rider(Session& transaction, const JobId& child, const std::optional<std::string>& value) {
  return {&transaction.database().core()->statements.tell_flow,
          {literal(child.str()), value ? transaction.json_literal(*value) : "NULL"}};
}

void tell_flow(Database& database, const JobId& child) {
  database.exec(database.core()->statements.tell_flow.with_parameters(), child, nullptr);
}

Signalled signal_flow(Database& database, const JobId& flow, const std::string& event,
                      const std::string& json) {
  try {
    const auto rows =
        database.exec(statements_of(database).signal_flow, flow, event, storable(database, json));
    const auto* const word = std::ranges::find(kSignalWords, std::string_view{rows[0][0].c_str()});
    return static_cast<Signalled>(word - kSignalWords.begin());
  } catch (const pqxx::failure& error) {
    constexpr std::string_view kNoFunction = "42883";
    constexpr std::string_view kNoSchema = "3F000";
    constexpr std::string_view kNoPrivilege = "42501";
    const auto state = sqlstate_of(error);
    if (state == kNoPrivilege) {
      throw ConfigError{"cannot signal flow " + flow.str() + " in " + schema_of(database) + ": " +
                        first_line(error) +
                        "; GRANT this role USAGE on the schema, SELECT (id, ended_at) on its table flow, "
                        "SELECT (flow, name) on flow_step, SELECT (id) on dead, SELECT, INSERT and UPDATE on "
                        "flow_event, and SELECT (id), UPDATE (due_at, xact) on job"};
    }
    if (state != kNoFunction && state != kNoSchema) throw;
  }
  throw ConfigError{"cannot signal flow " + flow.str() + ": " + schema_of(database) +
                    " is older than what that needs, which is version " + std::to_string(kFlowsVersion) +
                    ": run `" + command_for(database, "migrate") +
                    "`, as a role that may create tables there"};
}

std::vector<JobRow> woken_flows(Database& database) {
  std::vector<JobRow> rows;
  for (const auto& row : database.exec(statements_of(database).woken_flows)) rows.push_back(job_row(row));
  return rows;
}

std::size_t purge_flows(Database& database, std::chrono::hours kept) {
  return static_cast<std::size_t>(
      database.exec(statements_of(database).purge_flows, kept.count()).affected_rows());
}

std::size_t purge_events(Database& database, std::chrono::hours kept) {
  return static_cast<std::size_t>(
      database.exec(statements_of(database).purge_events, kept.count()).affected_rows());
}

bool end_lost_flows(Database& database, std::optional<JobId>& after) {
  const auto from = after ? after->str() : "00000000-0000-0000-0000-000000000000";
  const auto last = database.exec(statements_of(database).end_lost_flows, from);
  if (last.empty()) return false;
  after = id_of(last[0][0]);
  return true;
}

}  // namespace aftercommit::detail

namespace aftercommit {

std::string_view to_string(Signalled answer) noexcept {
  return detail::kSignalWords[static_cast<std::size_t>(answer)];
}

}  // namespace aftercommit
