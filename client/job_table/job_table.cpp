#include "client/job_table/job_table.hpp"

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "client/job_table/columns.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;

DeadRow dead_row(const pqxx::row& row) {
  return {.id = id_of(row[0]),
          .queue = row[1].as<std::string>(),
          .died_at = from_epoch_us(row[2].as<std::int64_t>()),
          .letter = row[3].as<std::string>()};
}

/// Errors quote what they like: a database whose encoding lacks one of the characters gets them all as
/// escapes.
pqxx::result write_json(const std::string& json,
                        const std::function<pqxx::result(const std::string&)>& write) {
  constexpr std::string_view kUntranslatable = "22P05";
  try {
    return write(json);
  } catch (const std::exception& error) {
    if (sqlstate_of(error) != kUntranslatable) throw;
  }
  return write(ascii_json(json));
}

}  // namespace

JobRow job_row(const pqxx::row& row, pqxx::row::size_type first) {
  return {.id = id_of(row[first]),
          .queue = row[first + 1].as<std::string>(),
          .attempt = row[first + 2].as<int>(),
          .due_in = milliseconds{row[first + 3].as<std::int64_t>()},
          .envelope = row[first + 4].as<std::string>()};
}

const Statements& JobTable::statements() const { return database_.core()->statements; }

std::optional<JobRow> JobTable::find(const JobId& job) const {
  const auto rows = database_.exec(statements().find_job, job);
  if (rows.empty()) return std::nullopt;
  return job_row(rows[0]);
}

JobTable::Look JobTable::look_for(const JobId& job) const {
  const auto rows = database_.exec(statements().look_for_job, job);
  if (rows.empty()) return {};
  Look look{.home = {.alias = database_.alias(),
                     .token = rows[0][0].as<std::string>(),
                     .where = {},
                     .instance = rows[0][1].as<std::string>()}};
  if (!rows[0][2].is_null()) look.row = job_row(rows[0], 2);
  return look;
}

std::vector<JobId> JobTable::find_locked(std::span<const JobId> jobs) const {
  std::vector<JobId> found;
  for (const auto& row : database_.exec(statements().find_locked, in_braces(jobs)))
    found.push_back(id_of(row[0]));
  return found;
}

bool JobTable::record(const Envelope& job, int attempt, milliseconds countdown) const {
  return write_json(encode(job), [&](const std::string& envelope) {
           return database_.exec(statements().record_attempt, job.id, attempt, job.attempt, envelope,
                                 countdown_ms(countdown));
         }).affected_rows() == 1;
}

bool JobTable::bury(const JobId& job, int attempt, const std::string& letter) const {
  return write_json(letter, [&](const std::string& text) {
           return database_.exec(statements().bury_job, job, attempt, text);
         }).affected_rows() == 1;
}

void JobTable::bury_lost(const JobId& job, const std::string& queue, const std::string& letter) const {
  write_json(letter, [&](const std::string& text) {
    return database_.exec(statements().bury_lost, job, queue, text);
  });
}

bool JobTable::finish(const JobId& job, int attempt) const {
  return database_.exec(statements().finish_job, job, attempt).affected_rows() == 1;
}

std::vector<JobTable::Counts> JobTable::counts() const {
  std::vector<Counts> all;
  for (const auto& row : database_.exec(statements().count_jobs)) {
    auto& counts = all.emplace_back();
    counts.queue = row[0].as<std::string>();
    counts.jobs = row[1].as<std::int64_t>();
    counts.dead = row[2].as<std::int64_t>();
    if (!row[3].is_null()) counts.oldest = milliseconds{row[3].as<std::int64_t>()};
    counts.retrying = row[4].as<std::int64_t>();
  }
  return all;
}

void JobTable::for_each(const std::function<void(const JobRow&)>& visit) const {
  for_each_row(database_, statements().list_jobs, [&](const pqxx::row& row) { visit(job_row(row)); });
}

std::vector<DeadRow> JobTable::dead(const std::string& queue, std::size_t count,
                                    const std::optional<DeadPlace>& after) const {
  std::optional<std::chrono::system_clock::time_point> died_at;
  std::optional<JobId> id;
  if (after) died_at = after->died_at, id = after->id;
  std::vector<DeadRow> all;
  for (const auto& row : database_.exec(statements().list_dead, queue, died_at, id, count)) {
    all.push_back(dead_row(row));
  }
  return all;
}

void JobTable::for_each_dead(
    const std::function<void(const JobId& job, const std::string& queue)>& visit) const {
  for_each_row(database_, statements().list_dead_ids,
               [&](const pqxx::row& row) { visit(id_of(row[0]), row[1].as<std::string>()); });
}

std::optional<DeadRow> JobTable::find_dead(const JobId& job) const {
  const auto rows = database_.exec(statements().find_dead, job);
  if (rows.empty()) return std::nullopt;
  return dead_row(rows[0]);
}

bool JobTable::revive(const JobId& job) const {
  const auto row = find_dead(job);
  if (!row) return false;
  auto decoded = decode_dead_letter(row->letter);
  auto* const letter = std::get_if<DeadLetter>(&decoded);
  if (letter == nullptr || !letter->job) {
    throw PayloadError{"dead job " + job.str() + " cannot run again: " +
                       (letter == nullptr
                            ? std::get<Malformed>(decoded).reason
                            : "what was received could not be read as a job: " + letter->reason)};
  }
  if (letter->job->id != job || !letter->job->durable) {
    throw PayloadError{"dead job " + job.str() + " cannot run again: what was received is another job"};
  }
  const auto again = revived(std::move(*letter->job));
  return write_json(encode(again), [&](const std::string& envelope) {
           return database_.exec(statements().revive_job, job, envelope, again.attempt);
         }).affected_rows() == 1;
}

void JobTable::unmark_revival(const JobId& job) const { database_.exec(statements().unmark_revival, job); }

bool JobTable::forget_dead(const JobId& job) const {
  return database_.exec(statements().forget_dead, job).affected_rows() == 1;
}

}  // namespace aftercommit::detail
