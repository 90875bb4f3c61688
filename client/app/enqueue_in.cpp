/// Jobs in a transaction that others have begun: described and packed as all are, and entered by one
/// statement that the caller's driver runs.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/foreign.hpp"
#include "aftercommit/task.hpp"
#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"
#include "client/app/app_core.hpp"
#include "client/app/asking.hpp"
#include "client/app/job_description.hpp"
#include "client/app/limit_rules.hpp"
#include "client/app/route.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/error_text.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/statements.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {
namespace {

/// Of an app without a database of its own.
const Statements& usual_statements() {
  static const Statements kUsual{defaults::kSchema};
  return kUsual;
}

ForeignStatement statement_in(const TaskEntry& task, const Route& route, bool unique) {
  const auto& statements = route.home != nullptr ? statements_of(*route.home) : usual_statements();
  return {.sql = unique ? statements.claim_jobs_in : statements.enqueue_in,
          .parameter = {},
          .task = task.name,
          .schema = route.home != nullptr ? route.home->options().schema : defaults::kSchema,
          .version = unique ? kUniqueSchemaVersion : kOldestSchemaVersion};
}

/// Of both statements.  All characters beyond ASCII are escaped: the connection may have any encoding, and
/// the database another one.
std::string parameter_of(nlohmann::json call, const Outgoing& outgoing) {
  call["queue"] = outgoing.queue;
  if (outgoing.eta) call["eta_ms"] = epoch_ms(*outgoing.eta);
  if (outgoing.countdown) call["countdown_ms"] = countdown_ms(*outgoing.countdown);
  return call.dump(-1, ' ', true);
}

nlohmann::json rows_of(const std::vector<PendingJob>& jobs) {
  auto rows = nlohmann::json::array();
  for (const auto& job : jobs) rows.push_back({{"id", job.id.str()}, {"envelope", job.outgoing.payload}});
  return {{"jobs", std::move(rows)}};
}

[[noreturn]] void throw_no_answer(const ForeignStatement& statement, const std::string& answer) {
  throw UsageError{"cannot tell whether the job of task '" + statement.task +
                   "' has been entered: what ran the statement gave back '" + clean_text(answer, 64) +
                   "', and not the text that it answers with; roll the transaction back"};
}

/// `own`: where to say whether the first of them is this call's own; null: nowhere.
std::vector<JobId> ask_in(const TaskEntry& task, const CallOptions& options,
                          std::vector<nlohmann::json> calls, const EnqueueCall* seen, const RunStatement& run,
                          bool* own) {
  AppCore& app = task.app.core();
  const auto asked = describe_as_seen(task, options, app, seen);
  const auto route = find_route_in(task, options, app);
  check_job_limits(app.limits(), task, options, asked.queue, route.durable);
  std::optional<UniqueCall> unique;
  if (const auto* const rule = unique_of(task, options)) unique.emplace(*rule).check(task, options, route);
  if (calls.empty()) return {};

  const auto limit = app.options().payload_limit;
  Packing packing{asked, route, limit};
  std::vector<JobId> ids;
  std::vector<PendingJob> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    if (unique) unique->add(args);
    jobs.push_back(packing.pack_to_wait(std::move(args)));
    ids.push_back(packing.id());
  }
  write_in_ascii(task, jobs, limit);

  auto statement = statement_in(task, route, unique.has_value());
  statement.parameter =
      parameter_of(unique ? unique->claim_in(task.name, jobs) : rows_of(jobs), jobs.front().outgoing);
  const auto answer = run(statement);
  if (unique) {
    if (!unique->take_answer(answer, ids.size())) throw_no_answer(statement, answer);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = unique->won()[i].id;
    if (own != nullptr) *own = unique->won().front().own;
  } else if (answer != std::to_string(ids.size())) {
    throw_no_answer(statement, answer);
  }
  count_asked(task, route, ids.size(), unique ? &*unique : nullptr);
  return ids;
}

std::vector<JobId> enqueue_all_in(const TaskEntry& task, const CallOptions& options,
                                  std::vector<nlohmann::json> calls, const RunStatement& run, bool* own) {
  return ask_within_middleware(task, options, std::move(calls),
                               [&](std::vector<nlohmann::json> asked, const EnqueueCall* seen) {
                                 return ask_in(task, options, std::move(asked), seen, run, own);
                               });
}

}  // namespace

std::vector<JobId> enqueue_in(const TaskEntry& task, const CallOptions& options,
                              std::vector<nlohmann::json> calls, const RunStatement& run) {
  return enqueue_all_in(task, options, std::move(calls), run, nullptr);
}

UniqueJob enqueue_unique_in(const TaskEntry& task, const CallOptions& options, nlohmann::json args,
                            const RunStatement& run) {
  require_unique(task, options);
  std::vector<nlohmann::json> calls;
  calls.push_back(std::move(args));
  bool own = false;
  const auto id = enqueue_all_in(task, options, std::move(calls), run, &own).front();
  return {.id = id, .own = own};
}

}  // namespace aftercommit::detail

namespace aftercommit {

void explain_failure(const ForeignStatement& statement, std::string_view sqlstate, std::string_view message) {
  const auto cannot = "cannot enqueue task '" + statement.task + "' in this transaction: ";
  const auto said = detail::first_line(message);
  const auto in_schema = statement.schema == defaults::kSchema
                             ? std::string{}
                             : " --schema " + detail::shell_word(statement.schema);
  if (sqlstate == "25P02") {
    throw TransactionManagementError{cannot +
                                     "a statement before this one has failed in it; roll it back, or to a "
                                     "savepoint before that statement"};
  }
  if (sqlstate == "25006") throw UsageError{cannot + said + "; a job is a row, so it has to take writes"};
  if (sqlstate == "42501") {
    throw ConfigError{
        cannot + said + "; GRANT its role USAGE on the schema '" + statement.schema +
        "' and INSERT on its table 'job'" +
        (statement.version >= detail::kUniqueSchemaVersion
             ? ", and for unique jobs SELECT, INSERT, UPDATE and DELETE on 'job' and 'unique_job'"
             : "")};
  }
  if (sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883" || sqlstate == "42703") {
    throw ConfigError{cannot + said + "; it needs the tables of jobs in the schema '" + statement.schema +
                      "', of version " + std::to_string(statement.version) +
                      " at least: run `aftercommit migrate" + in_schema +
                      "` on the database of this connection"};
  }
}

}  // namespace aftercommit
