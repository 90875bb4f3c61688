#include "operate/flow_story.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/log/log_format.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/columns.hpp"
#include "operate/look.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using FlowTime = std::chrono::system_clock::time_point;

constexpr std::size_t kFlowSizeLimit = std::size_t{64} * 1024 * 1024;
/// A wait that ends in so many years has no end.
constexpr auto kNeverAfter = std::chrono::years{50};

std::optional<FlowTime> flow_time(const pqxx::field& field) {
  const auto time = column_time(field);
  return time > std::chrono::system_clock::now() + kNeverAfter ? std::nullopt : time;
}

Json flow_time_in_json(const std::optional<FlowTime>& time) {
  return time ? Json(utc(*time)) : Json(nullptr);
}

/// What its row says of it.
void read_row(FlowStory& story, const pqxx::row& row) {
  story.due_at = flow_time(row[6]);
  const bool later = !row[7].is_null() && row[7].as<bool>();
  auto decoded = decode(column_text(row[5]), kFlowSizeLimit);
  const auto* const job = std::get_if<Envelope>(&decoded);
  const bool failed = job != nullptr && job->counted_attempt() > 1;
  if (failed && !job->errors.empty()) story.error = job->errors.back().error;
  const bool for_event = std::ranges::any_of(story.events, [](const auto& event) { return !event.given; });
  const bool for_jobs = std::ranges::any_of(story.steps, &FlowStep::waits_for_jobs);
  story.state = !later                  ? FlowState::kGoesOn
                : failed                ? FlowState::kRetries
                : for_event || for_jobs ? FlowState::kWaits
                                        : FlowState::kSleeps;
  // For jobs it waits without an end, and only looks for them then.
  if (!later || (for_jobs && !failed)) story.due_at.reset();
}

/// It goes back, or has gone.
void read_failure(FlowStory& story) {
  const auto failure = std::ranges::find(story.steps, "failure", &FlowStep::kind);
  if (failure == story.steps.end()) return;
  const auto why = detail::read_failure(failure->name, failure->value);
  for (const auto& name : why.undos) {
    const auto is_it = [&](const FlowStep& step) { return step.kind == "undo" && step.name == name; };
    if (std::none_of(failure, story.steps.end(), is_it)) story.undos_left.push_back(name);
  }
  if (story.state == FlowState::kDead) {
    if (story.undos_left.empty()) story.state = FlowState::kUndone;
    return;
  }
  if (story.state == FlowState::kCancelled || story.state == FlowState::kGone) return;
  story.state = FlowState::kUndoing;
  if (story.error.empty()) story.error = why.reason;
}

void read_again(FlowStory& story, const pqxx::row& row) {
  const auto parse = [](const pqxx::field& field) {
    return field.is_null() ? Json() : Json::parse(field.as<std::string>(), nullptr, false);
  };
  if (const auto again = parse(row[10]); again.is_object()) {
    const auto text = [&](const char* name) {
      const auto found = again.find(name);
      return found != again.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    story.again = {
        .of = text("of"), .from = text("from"), .by = text("by"), .role = text("role"), .note = text("note")};
  }
  if (const auto ids = parse(row[11]); ids.is_array()) story.again_as = ids.get<std::vector<std::string>>();
}

void read_letter(FlowStory& story, const std::string& letter) {
  story.state = FlowState::kDead;
  auto decoded = decode_dead_letter(letter);
  if (const auto* const dead = std::get_if<DeadLetter>(&decoded)) {
    story.error = dead->reason;
    if (story.task.empty() && dead->job) story.task = dead->job->task;
  }
}

void ask_flow(FlowStory& story, const Store& store, const JobId& id) {
  const auto look_up = [&](std::string_view sql) {
    return store.database.exec(detail::in_schema(sql, store.database.options().schema), id);
  };
  const auto found = look_up(operate_sql::flow_story)[0];
  if (found[3].is_null() && !found[4].as<bool>()) return;
  story.database = store.alias;
  story.task = column_text(found[0]);
  story.began_at = flow_time(found[1]);
  story.ended_at = flow_time(found[2]);
  for (const auto& row : look_up(operate_sql::flow_steps)) {
    story.steps.push_back({.name = row[0].as<std::string>(),
                           .kind = row[1].as<std::string>(),
                           .value = column_text(row[2]),
                           .tries = row[3].as<int>(),
                           .began_at = detail::from_epoch_us(row[4].as<std::int64_t>()),
                           .done_at = flow_time(row[5]),
                           .until = flow_time(row[6])});
  }
  for (const auto& row : look_up(operate_sql::flow_events)) {
    story.events.push_back(
        {.name = row[0].as<std::string>(), .given = row[1].as<bool>(), .until = flow_time(row[2])});
  }
  if (found[4].as<bool>()) {
    read_row(story, found);
  } else if (column_text(found[3]) == "done") {
    story.state = FlowState::kDone;
  } else if (!found[8].is_null()) {
    read_letter(story, found[8].as<std::string>());
  } else {
    story.state = found[9].is_null() ? FlowState::kGone : FlowState::kCancelled;
  }
  read_failure(story);
  read_again(story, found);
}

}  // namespace

std::string_view word(FlowState state) noexcept {
  constexpr std::array<std::string_view, 11> kWords{"unknown", "goes on", "sleeps", "waits",
                                                    "retries", "dead",    "done",   "cancelled",
                                                    "gone",    "undoing", "undone"};
  return kWords.at(static_cast<std::size_t>(state));
}

std::int64_t FlowStep::count_of_pages() const {
  const auto place = Json::parse(value, nullptr, false);
  if (!has_more_pages() || !place.is_object() || !place.contains("count")) return 0;
  const auto& count = place.at("count");
  return count.is_number_integer() ? count.get<std::int64_t>() : 0;
}

FlowStory find_flow(Servers& servers, const JobId& id) {
  FlowStory story{.id = id.str()};
  story.answers = servers.look_at_each(
      [&](const Store& store) {
        if (story.state != FlowState::kUnknown || !detail::has_flow_tables(store.database)) return;
        look_briefly(store.database, LookBounds{}.statement, [&] { ask_flow(story, store, id); });
      },
      [](Browsing&) {});
  return story;
}

Json in_json(const FlowStory& story, bool values) {
  Json steps = Json::array();
  for (const auto& step : story.steps) {
    Json one{{"name", step.name},
             {"kind", step.kind},
             {"tries", step.tries},
             {"began_at", utc(step.began_at)},
             {"done_at", flow_time_in_json(step.done_at)},
             {"until", flow_time_in_json(step.until)}};
    if (step.has_more_pages()) one["count"] = step.count_of_pages();
    if (values) one["value"] = step.value.empty() ? Json(nullptr) : Json::parse(step.value, nullptr, false);
    steps.push_back(std::move(one));
  }
  Json events = Json::array();
  for (const auto& event : story.events) {
    events.push_back(
        {{"name", event.name}, {"given", event.given}, {"until", flow_time_in_json(event.until)}});
  }
  Json document{{"id", story.id},
                {"state", word(story.state)},
                {"database", or_null(story.database)},
                {"flow", or_null(story.task)},
                {"began_at", flow_time_in_json(story.began_at)},
                {"ended_at", flow_time_in_json(story.ended_at)},
                {"due_at", flow_time_in_json(story.due_at)},
                {"error", or_null(story.error)},
                {"steps", std::move(steps)},
                {"events", std::move(events)},
                {"undos_left", story.undos_left},
                {"again_as", story.again_as}};
  document["again"] = nullptr;
  if (const auto& again = story.again) {
    document["again"] = {{"of", again->of},
                         {"from", again->from},
                         {"by", or_null(again->by)},
                         {"role", or_null(again->role)},
                         {"note", or_null(again->note)}};
  }
  document.update(in_json(story.answers));
  return document;
}

}  // namespace aftercommit::operate
