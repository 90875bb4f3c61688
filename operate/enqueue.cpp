#include "operate/enqueue.hpp"

#include <array>
#include <exception>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

void require_name(const char* what, const std::string& name) {
  if (valid_name(name)) return;
  throw UsageError{std::string{what} + " '" + in_one_line(name, kNameLimit) +
                   "' is not a name: it has 1 to 64 characters of a-z A-Z 0-9 _ . -"};
}

nlohmann::json read_args(const std::string& text) {
  auto args = nlohmann::json::parse(text, nullptr, false);
  if (args.is_array()) return args;
  throw UsageError{
      "the arguments are no JSON array: give one element for each argument, as in '[42, \"a\"]'"};
}

/// Only what is given is named: older tables have a function with fewer parameters.
JobMade make_row(const Store& store, const JobAsked& asked) {
  auto& database = store.database;
  std::string sql = "SELECT {schema}.enqueue($1::text, $2::text, queue => $3::text";
  SqlParams params{asked.task, asked.args, asked.queue};
  const auto add = [&](const char* name, const char* type, const std::optional<std::string>& value) {
    if (!value) return;
    params.push_back(value);
    sql.append(", ")
        .append(name)
        .append(" => $")
        .append(std::to_string(params.size()))
        .append("::")
        .append(type);
  };
  add("countdown", "interval", to_sql(asked.countdown));
  add("max_retries", "int", to_sql(asked.max_retries));
  add("expires", "interval", to_sql(asked.expires));
  add("priority", "int", asked.priority ? to_sql(static_cast<int>(*asked.priority)) : std::nullopt);
  if (store.alias != defaults::kDatabase) add("database", "text", store.alias);
  sql += ')';
  JobMade made{.database = store.alias};
  try {
    made.id = database.exec_params(detail::in_schema(sql, database.options().schema), params)[0][0]
                  .as<std::string>();
  } catch (const std::exception& error) {
    constexpr const char* kWrongValue = "22023";  // as enqueue.sql has it
    if (detail::sqlstate_of(error) != kWrongValue) throw;
    throw UsageError{detail::first_line(error)};
  }
  try {
    const auto known = database.exec(detail::in_schema(operate_sql::knows_task, database.options().schema),
                                     asked.queue, asked.task);
    if (!known[0][0].is_null()) made.task_is_known = known[0][0].as<bool>();
  } catch (const std::exception&) {
    // The job is there, whether or not a role that may only ask for jobs can read that.
  }
  return made;
}

JobMade send(Broker& broker, const JobAsked& asked, nlohmann::json args, std::chrono::milliseconds timeout) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Envelope job{.id = JobId::generate()};
  job.task = asked.task;
  job.args = std::move(args);
  job.queue = asked.queue;
  job.enqueued_at = now;
  job.max_retries = asked.max_retries;
  job.priority = asked.priority.value_or(Priority::kNormal);
  if (asked.expires) job.expires_at = now + *asked.expires;
  Outgoing outgoing{
      .queue = asked.queue, .payload = {}, .countdown = asked.countdown, .priority = job.priority};
  try {
    outgoing.payload = encode(job);
  } catch (const PayloadError& error) {
    throw UsageError{error.what()};
  }
  if (outgoing.payload.size() > defaults::kPayloadLimit) {
    throw UsageError{"the job takes " + std::to_string(outgoing.payload.size()) +
                     " bytes, over the limit of " + std::to_string(defaults::kPayloadLimit) +
                     ": store the data and pass its key"};
  }
  broker.enqueue({&outgoing, 1}, timeout);
  return {.id = job.id.str()};
}

}  // namespace

JobMade enqueue_job(Servers& servers, const JobAsked& asked) {
  require_name("task", asked.task);
  require_name("queue", asked.queue);
  auto args = read_args(asked.args);
  if (asked.immediate || servers.app().database_aliases().empty())
    return send(servers.broker(), asked, std::move(args), servers.app().options().enqueue_timeout);
  const auto alias = servers.app().core().default_database().alias();
  servers.stores();  // which have the tables
  return make_row(servers.store(alias), asked);
}

Json in_json(const JobMade& job) {
  return {{"id", job.id},
          {"durable", !job.database.empty()},
          {"database", or_null(job.database)},
          {"task_is_known", job.task_is_known ? Json(*job.task_is_known) : Json(nullptr)}};
}

}  // namespace aftercommit::operate
