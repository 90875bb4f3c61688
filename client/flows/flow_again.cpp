#include "client/flows/flow_again.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::size_t kJobSizeLimit = std::size_t{64} * 1024 * 1024;

[[noreturn]] void refuse(const FlowAgainAsked& asked, const std::string& why) {
  throw UsageError{"cannot run flow " + asked.flow.str() + " again from '" + in_one_line(asked.step, 100) +
                   "': " + why};
}

/// Its job as it stands, ended, or died; nothing: none of them is kept.
std::optional<Envelope> job_in(const pqxx::row& found) {
  if (!found[2].is_null()) {
    auto decoded = decode(found[2].as<std::string>(), kJobSizeLimit);
    if (auto* const job = std::get_if<Envelope>(&decoded)) return std::move(*job);
  } else if (!found[3].is_null()) {
    auto decoded = decode_dead_letter(found[3].as<std::string>());
    if (auto* const letter = std::get_if<DeadLetter>(&decoded)) return std::move(letter->job);
  }
  return std::nullopt;
}

std::string names_of(const std::vector<StepRow>& steps) {
  constexpr std::size_t kNamed = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(steps.size(), kNamed); ++i)
    text.append(text.empty() ? "'" : ", '").append(steps[i].name).append(1, '\'');
  return text + (steps.size() > kNamed ? ", ..." : "");
}

/// The place of the step.
std::size_t place_of_step(const FlowAgainAsked& asked, std::vector<StepRow> steps) {
  const auto failure = std::ranges::find(steps, StepRow::Kind::kFailure, &StepRow::kind);
  const bool undone = failure != steps.end();
  steps.erase(failure, steps.end());
  const auto step = std::ranges::find(steps, asked.step, &StepRow::name);
  if (step == steps.end()) {
    refuse(asked, steps.empty() ? "it has done nothing yet"
                                : "it has come to no such step, but to " + names_of(steps));
  }
  if (undone && step != steps.begin()) {
    refuse(asked,
           "it has failed, and what it had done is undone, so nothing of that can be kept: run it again from "
           "its first step, '" +
               steps.front().name + "', or ask for another flow");
  }
  return static_cast<std::size_t>(step - steps.begin());
}

/// Nothing that has become of the other one counts against it, and nobody waits for it.
Envelope begun_again(Envelope job) {
  auto next = revived(std::move(job));
  next.id = JobId::generate();
  next.enqueued_at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  next.errors.clear();
  next.expires_at.reset();
  next.unique = false;
  next.flow.clear();
  return next;
}

}  // namespace

FlowAgainMade run_flow_again(Database& database, const FlowAgainAsked& asked) {
  require_schema(database, kFlowsVersion, "to run a flow again");
  return database.atomic([&] {
    const auto& statements = database.core()->statements;
    const auto found = database.exec(statements.find_flow, asked.flow)[0];
    const bool lives = found[1].as<bool>();
    const auto steps = load_steps(database, asked.flow);
    if (!found[0].as<bool>() && !lives) refuse(asked, "nobody knows such a flow, or it has ended long ago");
    const auto job = job_in(found);
    if (!job) refuse(asked, "it was cancelled, or its dead letter deleted, and its arguments went with that");
    const auto place = place_of_step(asked, steps);
    const auto next = begun_again(*job);
    const auto text = encode(next);
    const bool unicode = Session::of(database.core()).holds_unicode();
    database.exec(statements.enter_again, next.id, next.task, asked.flow.str(), asked.step,
                  asked.by.empty() ? std::nullopt : std::optional{asked.by},
                  asked.note.empty() ? std::nullopt : std::optional{asked.note});
    database.exec(statements.copy_steps, next.id, asked.flow, place);
    database.exec(statements.insert_again, next.id, next.queue, unicode ? text : ascii_json(text));
    database.exec(statements.wake_flow, next.id);
    return FlowAgainMade{.id = next.id, .task = next.task, .kept = place, .goes_on = lives};
  });
}

}  // namespace aftercommit::detail
