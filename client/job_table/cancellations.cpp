#include "client/job_table/cancellations.hpp"

#include <pqxx/pqxx>

#include "aftercommit/error.hpp"
#include "client/job_table/columns.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

bool has_open_transaction(Database& database) {
  const auto* const session = Session::find(*database.core());
  return session != nullptr && (session->in_atomic_block() || !session->get_autocommit());
}

/// Says what to do where the schema is older than what is asked of it.
template <class Ask>
auto with_cancellations(Database& database, const JobId& job, const Ask& ask) {
  try {
    return ask();
  } catch (const pqxx::failure& error) {
    constexpr std::string_view kNoFunction = "42883";
    constexpr std::string_view kNoTable = "42P01";
    constexpr std::string_view kNoSchema = "3F000";
    const auto state = sqlstate_of(error);
    if (state != kNoFunction && state != kNoTable && state != kNoSchema) throw;
  }
  throw ConfigError{"cannot cancel job " + job.str() + ": " + schema_of(database) +
                    " is older than what that needs, which is version " +
                    std::to_string(kCancelSchemaVersion) + ": run `" + command_for(database, "migrate") +
                    "`, as a role that may create tables there"};
}

Cancelled read_answer(std::string_view word) {
  for (const auto answer : {Cancelled::kWaiting, Cancelled::kDelayed, Cancelled::kRunning,
                            Cancelled::kCancelledBefore, Cancelled::kDone, Cancelled::kDead}) {
    if (to_string(answer) == word) return answer;
  }
  return Cancelled::kUnknown;
}

/// Whatever the default: what others have changed meanwhile is no conflict.
template <class Ask>
auto in_short_transaction(Database& database, const Ask& ask) {
  return database.atomic({.isolation = Isolation::kReadCommitted}, ask);
}

}  // namespace

bool has_cancellations(Database& database) { return schema_is_at_least(database, kCancelSchemaVersion); }

Cancelled cancel_job(Database& database, const JobId& job, const std::string& note) {
  const auto ask = [&] {
    const auto text = note.empty() ? std::nullopt : std::optional{note};
    const auto rows = database.exec(statements_of(database).cancel_job, job, text);
    return read_answer(rows[0][0].c_str());
  };
  return with_cancellations(database, job, [&] {
    return has_open_transaction(database) ? ask() : in_short_transaction(database, ask);
  });
}

void enter_cancelled(Database& database, const JobId& job, const Queue& queue, const std::string& task,
                     Cancelled stood, const std::string& note) {
  with_cancellations(database, job, [&] {
    const auto text = note.empty() ? std::nullopt : std::optional{note};
    return database.exec(statements_of(database).enter_cancelled, job, queue, task, to_string(stood), text);
  });
}

bool knows_job(Database& database, const JobId& job) {
  return !database.exec(statements_of(database).knows_job, job).empty();
}

std::vector<JobId> settle_cancels(Database& database) {
  return in_short_transaction(database, [&] {
    std::vector<JobId> jobs;
    for (const auto& row : database.exec(statements_of(database).settle_cancels))
      jobs.push_back(id_of(row[0]));
    return jobs;
  });
}

std::vector<JobId> cancelled_among(Database& database, std::span<const JobId> jobs, bool or_unknown) {
  std::vector<JobId> found;
  for (const auto& row : database.exec(statements_of(database).find_cancelled, in_braces(jobs), or_unknown))
    found.push_back(id_of(row[0]));
  return found;
}

std::size_t purge_cancelled(Database& database, std::chrono::hours kept) {
  return static_cast<std::size_t>(
      database.exec(statements_of(database).purge_cancelled, kept.count()).affected_rows());
}

std::vector<CancelledRow> list_cancelled(Database& database, std::size_t count) {
  const auto text = [](const pqxx::field& field) {
    return field.is_null() ? std::nullopt : std::optional{field.as<std::string>()};
  };
  std::vector<CancelledRow> all;
  for (const auto& row : database.exec(statements_of(database).list_cancelled, count)) {
    all.push_back({.id = id_of(row[0]),
                   .queue = text(row[1]),
                   .task = text(row[2]),
                   .state = row[3].as<std::string>(),
                   .at = from_epoch_us(row[4].as<std::int64_t>()),
                   .note = text(row[5]).value_or("")});
  }
  return all;
}

void for_each_cancelled(Database& database, const std::function<void(const JobId& job)>& visit) {
  for_each_row(database, statements_of(database).list_cancelled_ids,
               [&](const pqxx::row& row) { visit(id_of(row[0])); });
}

}  // namespace aftercommit::detail
