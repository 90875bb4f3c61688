/// Values that tasks return, and progress, as an App's handles ask for them.
#include <algorithm>
#include <string>
#include <utility>

#include "aftercommit/app.hpp"
#include "aftercommit/result.hpp"
#include "base/json/json_writer.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/results/result_rows.hpp"

namespace aftercommit {

std::optional<JobProgress> App::progress(const JobId& job, std::string_view database) const {
  return detail::find_progress(core_->database_or_default(database), job);
}

namespace detail {
namespace {

constexpr std::chrono::milliseconds kLongestTtl = std::chrono::years{100};

/// Where its jobs take effect, unless they were asked for elsewhere.
Database& database_of(const TaskEntry& task, std::string_view alias) {
  return task.app.core().database_or_default(alias.empty() ? std::string_view{task.options.database} : alias);
}

}  // namespace

TaskOptions check_result_options(const std::string& task, TaskOptions options, bool returns) {
  if (!returns) {
    if (!options.result_ttl) return options;
    throw UsageError{"task '" + task +
                     "' has a result_ttl and returns nothing: declare what it returns, as in "
                     "app.task<double(long)>(...)"};
  }
  if (!options.transactional) {
    throw UsageError{"task '" + task +
                     "' returns a value, which is written in its transaction, and is declared with "
                     "transactional = false: give it a transaction, or let it return nothing"};
  }
  const auto ttl = options.result_ttl.value_or(defaults::kResultTtl);
  if (ttl <= ttl.zero()) {
    throw UsageError{"task '" + task + "' has a result_ttl of " + std::to_string(ttl.count()) +
                     " ms: it is longer than nothing"};
  }
  options.result_ttl = std::min(ttl, kLongestTtl);
  return options;
}

void keep_result(const TaskEntry& task, Job& job, const nlohmann::json& value) {
  const std::string subject = "the result of task '" + task.name + "' ";
  std::string json;
  try {
    append_json_value(json, value, {kArgsDepthLimit, kArgsValueLimit});
  } catch (const PayloadError& error) {
    throw PayloadError{subject + "cannot be kept: " + error.what()};
  }
  const auto limit = task.app.core().options().payload_limit;
  if (json.size() > limit) {
    throw PayloadError{subject + "takes " + std::to_string(json.size()) +
                       " bytes, over the payload limit of " + std::to_string(limit) +
                       ": store the data and return its key"};
  }
  if (job.notes() != nullptr) job.notes()->result(std::move(json), *task.options.result_ttl);
}

void throw_result_flaw(const TaskEntry& task, const std::string& flaw) {
  throw PayloadError{"the result of task '" + task.name + "' " + flaw};
}

void throw_no_result(const std::string& task, ResultState state, const std::string& error) {
  const auto because = [&]() -> std::string {
    switch (state) {
      case ResultState::kFailed:
        return "it is dead: " + error;
      case ResultState::kCancelled:
        return "it was cancelled";
      case ResultState::kExpired:
        return "it has taken effect, and its value is not kept any more";
      case ResultState::kPending:
        return "it has not taken effect yet";
      case ResultState::kDone:
      case ResultState::kUnknown:
        break;
    }
    return "its database knows nothing of it";
  };
  throw NoResult{"a job of task '" + task + "' has no result: " + because(), state};
}

FoundResult find_result(const TaskEntry& task, const JobId& job, std::string_view database) {
  return std::move(find_results(database_of(task, database), {&job, 1}).at(0));
}

FoundResult wait_for_result(const TaskEntry& task, const JobId& job, std::chrono::milliseconds timeout,
                            std::string_view alias) {
  auto& database = database_of(task, alias);
  if (database.in_atomic_block() || !database.get_autocommit()) {
    throw UsageError{
        "cannot wait for a job of task '" + task.name + "' with a transaction open on database '" +
        database.alias() +
        "': what is enqueued there runs after its commit, and what others commit may not be seen; "
        "wait outside of it"};
  }
  return task.app.core().result_waiters().wait(database, job, timeout);
}

}  // namespace detail
}  // namespace aftercommit
