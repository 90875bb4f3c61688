/// Each is the product's own statement but for the part that makes it wrong.
#include "fault/mutants/wrong_statements.hpp"

#include <stdexcept>
#include <string>

#include "aftercommit/database.hpp"
#include "client/statements/sql_template.hpp"
#include "client/statements/statements.hpp"

namespace aftercommit::fault {
namespace {

using support::ChangedStatement;

const std::string kSchema = DatabaseOptions{}.schema;

/// `statement` with another text for a part of it.
ChangedStatement with_part(const std::string& statement, std::string_view part, std::string_view by) {
  const auto text = detail::in_schema(part, kSchema);
  const auto at = statement.find(text);
  if (at == statement.npos) {
    throw std::logic_error{"a mutant changes '" + text +
                           "', which is not in this statement any more: " + statement};
  }
  auto changed = statement;
  changed.replace(at, text.size(), detail::in_schema(by, kSchema));
  return {statement, changed};
}

/// What claims a job says by mutant.job which one it is, and the job is deleted in the end, whether it is
/// there or not.
ChangedStatement deleted_in_the_end(const detail::Statements& statements) {
  return {statements.proof.with_parameters(),
          detail::in_schema("DELETE FROM {schema}.job WHERE $1::xid8 IS NOT NULL AND id = "
                            "nullif(pg_catalog.current_setting('mutant.job', true), '')::uuid;",
                            kSchema)};
}

/// Claims a job without looking.
std::vector<ChangedStatement> no_guard(const detail::Statements& statements) {
  return {{statements.guard_job.with_parameters(),
           "SELECT pg_catalog.pg_current_xact_id(), pg_catalog.set_config('mutant.job', $1::text, true) "
           "WHERE $2::int IS NOT NULL;"},
          deleted_in_the_end(statements)};
}

/// Looks for a job without holding on to what it has seen.
std::vector<ChangedStatement> check_then_act(const detail::Statements& statements) {
  return {{statements.guard_job.with_parameters(),
           detail::in_schema(
               "SELECT pg_catalog.pg_current_xact_id(), pg_catalog.set_config('mutant.job', id::text, true) "
               "FROM {schema}.job WHERE id = $1 AND attempt = $2;",
               kSchema)},
          deleted_in_the_end(statements)};
}

/// Books the end of an attempt whichever the job is at.
std::vector<ChangedStatement> unfenced_retry(const detail::Statements& statements) {
  return {with_part(statements.record_attempt, "attempt = $2", "$2::int IS NOT NULL")};
}

/// Takes the rows out of the table to bring them to the broker.
std::vector<ChangedStatement> relay_deletes_before_push(const detail::Statements& statements) {
  auto load = with_part(statements.relay_load, "LEFT JOIN {schema}.job ON id = ANY ($1::uuid[])",
                        "LEFT JOIN taken ON true");
  load.to.insert(
      0, detail::in_schema(
             "WITH taken AS (DELETE FROM {schema}.job WHERE id = ANY ($1::uuid[]) RETURNING *) ", kSchema));
  return {std::move(load)};
}

/// Does a step without the row of its flow's job, and whether it is done by then or not.
std::vector<ChangedStatement> no_step_guard(const detail::Statements& statements) {
  constexpr std::string_view kLock = "FOR NO KEY UPDATE OF job SKIP LOCKED";
  constexpr std::string_view kEnd = "::timestamptz,\n  pg_catalog.clock_timestamp())";
  with_part(statements.guard_step.with_parameters(), kLock, "");  // these throw where it is not there
  with_part(statements.record_step.with_parameters(), kEnd, "");
  return {{std::string{kLock}, ""}, {std::string{kEnd}, std::string{kEnd} + " ON CONFLICT DO NOTHING"}};
}

/// Takes all transactions for ended that began before the last one that has.
std::vector<ChangedStatement> cursor_by_highest_xid(const detail::Statements& statements) {
  constexpr std::string_view kPart = ", pg_catalog.pg_current_snapshot(), id";
  constexpr std::string_view kBy =
      ", pg_catalog.format('%1$s:%1$s:', pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())), id";
  with_part(statements.relay_fresh.with_parameters(), kPart, kBy);  // throws where it is not there
  return {{std::string{kPart}, std::string{kBy}}};  // by itself: around it stand values when it is sent
}

}  // namespace

std::vector<ChangedStatement> wrong_statements(std::string_view mutant) {
  const detail::Statements statements{kSchema};
  if (mutant == "no_guard") return no_guard(statements);
  if (mutant == "check_then_act") return check_then_act(statements);
  if (mutant == "unfenced_retry") return unfenced_retry(statements);
  if (mutant == "relay_deletes_before_push") return relay_deletes_before_push(statements);
  if (mutant == "no_step_guard") return no_step_guard(statements);
  if (mutant == "cursor_by_highest_xid") return cursor_by_highest_xid(statements);
  return {};
}

}  // namespace aftercommit::fault
