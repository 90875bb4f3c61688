#include "client/app/unique_jobs.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kKeyLimit = 1024;
constexpr milliseconds kLongestPeriod = std::chrono::years{100};

// As claim_unique.sql calls them.
std::string_view word_of(Unique::Until until) { return until == Unique::kStart ? "start" : "done"; }
std::string_view word_of(Unique::OnDuplicate on_duplicate) {
  switch (on_duplicate) {
    case Unique::kSkip:
      break;
    case Unique::kReplace:
      return "replace";
    case Unique::kDebounce:
      return "debounce";
    case Unique::kOnceMore:
      return "once_more";
  }
  return "skip";
}

[[noreturn]] void refuse(std::string_view task, std::string_view why) {
  throw UsageError{std::string{"a job of task '"}.append(task).append("' cannot be unique: ").append(why)};
}

/// Whether it makes a difference that the job which has the key has begun.
bool needs_to_see_it_run(const Unique& unique) {
  return unique.until == Unique::kStart || unique.on_duplicate != Unique::kSkip;
}

std::optional<std::string> ms(const std::optional<milliseconds>& length) {
  return length ? to_sql(length->count()) : std::nullopt;
}

/// Within a handler of `error`: what says that the set-up is wrong.
[[noreturn]] void throw_not_asked(const Database& database, std::string_view task,
                                  const std::exception& error) {
  const auto code = sqlstate_of(error);
  const auto what = "cannot ask for a unique job of task '" + std::string{task} + "' on database '" +
                    database.alias() + "': " + first_line(error) + "; ";
  const auto& schema = database.options().schema;
  if (code == "42501") {
    throw ConfigError{what + "GRANT this role USAGE on the schema '" + schema +
                      "', and SELECT, INSERT, UPDATE and DELETE on its tables 'job' and 'unique_job'"};
  }
  if (code == "42883" || code == "42P01" || code == "42704" || code == "3F000") {
    throw ConfigError{what + "it needs version " + std::to_string(kUniqueSchemaVersion) +
                      " of the tables: run `" + command_for(database, "migrate") +
                      "`, as a role that may create tables in the schema '" + schema + "'"};
  }
  throw;
}

}  // namespace

void require_unique(const TaskEntry& task, const CallOptions& options) {
  if (unique_of(task, options) != nullptr) return;
  throw UsageError{"cannot ask for a unique job of task '" + task.name +
                   "': neither the task nor the call has the option `unique`; declare the task with "
                   "{.unique = aftercommit::Unique{}}"};
}

void check_unique(std::string_view task, const Unique& unique, bool transactional) {
  if (unique.key && (unique.key->empty() || unique.key->size() > kKeyLimit)) {
    refuse(task, "its key has " + std::to_string(unique.key->size()) + " bytes, and 1 to " +
                     std::to_string(kKeyLimit) + " are right");
  }
  if (unique.key && (!valid_utf8(*unique.key) || unique.key->find('\0') != std::string::npos))
    refuse(task, "its key is not UTF-8, or holds a NUL byte");
  if (unique.for_ && (*unique.for_ < milliseconds{1} || *unique.for_ > kLongestPeriod))
    refuse(task, "its period is " + std::to_string(unique.for_->count()) + " ms, and not 1 ms to 100 years");
  if (unique.for_ && unique.on_duplicate == Unique::kOnceMore)
    refuse(task, "in a period there is one job and no other, so kOnceMore does not go with for_");
  if (unique.longest_delay && unique.on_duplicate != Unique::kDebounce)
    refuse(task, "a longest_delay goes with kDebounce alone");
  if (unique.longest_delay &&
      (*unique.longest_delay < milliseconds{0} || *unique.longest_delay > kLongestPeriod)) {
    refuse(task, "its longest_delay is " + std::to_string(unique.longest_delay->count()) +
                     " ms, and not 0 to 100 years");
  }
  if (!transactional && needs_to_see_it_run(unique)) {
    refuse(task,
           "a task with transactional = false locks nothing while it runs, so nobody can see whether it has "
           "begun; only until = kDone, or for_, with on_duplicate = kSkip goes with it");
  }
}

void check_unique_flow(std::string_view flow, const Unique& unique) {
  if (!needs_to_see_it_run(unique)) return;
  refuse(
      flow,
      "it is a flow, which locks nothing while it sleeps or waits, so one that has begun would be taken for "
      "one that has not, and be replaced in its midst; only until = kDone, or for_, with on_duplicate = "
      "kSkip goes with it");
}

void UniqueCall::check(const TaskEntry& task, const CallOptions& options, const Route& route) const {
  check_unique(task.name, rule_, task.options.transactional);
  if (task.is_flow) check_unique_flow(task.name, rule_);
  if (!route.durable) {
    refuse(task.name,
           "the table of jobs decides which one there is, and its delivery is not durable: choose "
           "Delivery::kDurable, which needs a database, or leave out `unique`");
  }
  if (rule_.on_duplicate == Unique::kDebounce && !options.countdown) {
    refuse(task.name,
           "kDebounce needs a countdown, as in apply_async({.countdown = 5s}, ...): it is how long the job "
           "waits after the last request");
  }
}

void UniqueCall::add(const nlohmann::json& args) {
  // What is no JSON is refused where the job is encoded.
  if (!rule_.key) args_.push_back(args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// In an order that all callers have, so that no two of them wait for each other.
nlohmann::json UniqueCall::as_json(const std::vector<PendingJob>& jobs, bool unicode) const {
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!rule_.key)
    std::ranges::stable_sort(order, {}, [&](std::size_t n) { return std::string_view{args_[n]}; });
  auto asked = nlohmann::json::array();
  for (const auto n : order) {
    auto one = nlohmann::json::object();
    one["n"] = n;
    one["id"] = jobs[n].id.str();
    one["envelope"] = jobs[n].outgoing.payload;
    if (rule_.key) {
      one["key"] = *rule_.key;
    } else {
      one["args"] = unicode ? args_[n] : ascii_json(args_[n]);
    }
    asked.push_back(std::move(one));
  }
  return asked;
}

nlohmann::json UniqueCall::claim_in(std::string_view task, const std::vector<PendingJob>& jobs) const {
  const auto ms_or_null = [](const std::optional<milliseconds>& length) {
    return length ? nlohmann::json(length->count()) : nlohmann::json();
  };
  return {{"task", task},
          {"until", word_of(rule_.until)},
          {"for_ms", ms_or_null(rule_.for_)},
          {"on_duplicate", word_of(rule_.on_duplicate)},
          {"longest_delay_ms", ms_or_null(rule_.longest_delay)},
          {"jobs", as_json(jobs, false)}};
}

bool UniqueCall::take_answer(const std::string& answer, std::size_t jobs) {
  const auto rows = nlohmann::json::parse(answer, nullptr, false);
  const auto is_row = [&](const nlohmann::json& row) {
    return row.is_array() && row.size() == 3 && row[0].is_number_unsigned() &&
           row[0].get<std::size_t>() < jobs && row[1].is_string() &&
           JobId::parse(row[1].get_ref<const std::string&>()) && row[2].is_boolean();
  };
  if (!rows.is_array() || rows.size() != jobs || !std::ranges::all_of(rows, is_row)) return false;
  won_.assign(jobs, UniqueJob{.id = JobId::generate()});
  for (const auto& row : rows) {
    won_[row[0].get<std::size_t>()] = {.id = *JobId::parse(row[1].get_ref<const std::string&>()),
                                       .own = row[2].get<bool>()};
  }
  return true;
}

void claim_unique(Session& session, std::string_view task, UniqueCall& call, std::vector<PendingJob>& jobs) {
  const auto& rule = call.rule_;
  const auto& outgoing = jobs.front().outgoing;  // the same of all
  std::optional<std::string> eta;
  std::optional<std::string> countdown;
  if (outgoing.eta) eta = to_sql(epoch_ms(*outgoing.eta));
  if (outgoing.countdown) countdown = to_sql(countdown_ms(*outgoing.countdown));
  const SqlParams params{call.as_json(jobs, session.holds_unicode()).dump(),
                         to_sql(task),
                         to_sql(word_of(rule.until)),
                         ms(rule.for_),
                         to_sql(word_of(rule.on_duplicate)),
                         ms(rule.longest_delay),
                         outgoing.queue,
                         std::move(eta),
                         std::move(countdown)};
  auto& database = session.database();
  pqxx::result rows;
  try {
    rows = session.exec(database.core()->statements.claim_jobs, params);
  } catch (const std::exception& error) {
    throw_not_asked(database, task, error);
  }
  for (const auto& job : jobs) call.won_.push_back({.id = job.id});
  for (const auto& row : rows) {
    const auto n = row[0].as<std::size_t>();
    auto& job = jobs.at(n);
    auto& won = call.won_[n];
    won = {.id = JobId::parse(row[1].c_str()).value(), .own = row[2].as<bool>()};
    job.row_is_written = won.own;
    if (rule.on_duplicate == Unique::kDebounce && !row[3].is_null())
      job.outgoing.countdown = milliseconds{std::max<std::int64_t>(row[3].as<std::int64_t>(), 0)};
  }
  std::erase_if(jobs, [](const PendingJob& job) { return !job.row_is_written; });
}

}  // namespace aftercommit::detail
