/// `aftercommit flow`: what a flow has done, and what it waits for; or the same again from one of its steps
/// on.
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
#include "operate/flow_again.hpp"
#include "operate/flow_story.hpp"

namespace aftercommit::cli {
namespace {

using operate::FlowState;
using operate::FlowStory;

constexpr std::size_t kValueOfStep = 200;  // bytes

void say_of_flow(std::string_view name, std::string_view value) { print_field(name, value, kErrorTextLimit); }

std::string flow_state(const FlowStory& story) {
  std::string text{operate::word(story.state)};
  if (story.due_at) text += " until " + utc(*story.due_at);
  return text;
}

std::string done_when(const operate::FlowStep& step) {
  if (step.until) return "until " + utc(*step.until);
  if (step.waits_for_jobs()) return "not yet";
  if (step.has_more_pages()) return "not yet, " + std::to_string(step.count_of_pages()) + " so far";
  return step.done_at ? utc(*step.done_at) : "not known yet";
}

std::string again_from(const FlowStory::Again& again) {
  auto text = "'" + again.from + "' of " + again.of;
  if (!again.by.empty()) text += ", by " + again.by;
  if (!again.role.empty()) text += ", as " + again.role;
  return again.note.empty() ? text : text + ": " + again.note;
}

/// Of the person at this terminal.
std::string login_name() {
  for (const auto* const variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* const name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return clean_text(name, kNameLimit);
  }
  return {};
}

int tell_unknown(const FlowStory& story) {
  std::cout.flush();
  std::cerr << "aftercommit: nobody knows a flow " << story.id
            << ": it was never committed, has ended long ago, or is of other servers\n";
  tell_outages(story.answers, "it was not looked for in ", "");
  return story.answers.from_all() ? kExitFound : kExitServers;
}

void print_flow(const FlowStory& story, bool values) {
  say_of_flow("id", story.id);
  say_of_flow("flow", story.task);
  say_of_flow("state", flow_state(story));
  say_of_flow("kept in", "database " + story.database);
  if (story.began_at) say_of_flow("began at", utc(*story.began_at));
  if (story.ended_at) say_of_flow("ended at", utc(*story.ended_at));
  say_of_flow("error", story.error);
  for (const auto& event : story.events) {
    say_of_flow(event.given ? "given" : "waits for",
                event.name + (event.until && !event.given ? ", until " + utc(*event.until) : ""));
  }
  for (const auto& step : story.steps) {
    if (story.state == FlowState::kWaits && step.waits_for_jobs())
      say_of_flow("waits for", "jobs of '" + step.name + "'");
  }
  for (const auto& undo : story.undos_left) say_of_flow("to undo", undo);
  if (story.again) say_of_flow("again from", again_from(*story.again));
  for (const auto& id : story.again_as) say_of_flow("again as", id);
  if (story.steps.empty()) return;
  using Align = Table::Align;
  std::vector<Table::Column> columns{
      {"done", Align::kLeft}, {"kind", Align::kLeft}, {"name", Align::kLeft}, {"took ms"}, {"tries"}};
  if (values) columns.push_back({"value", Align::kLeft});
  Table table{std::move(columns)};
  for (const auto& step : story.steps) {
    using std::chrono::milliseconds;
    const auto took = step.done_at.value_or(step.began_at) - step.began_at;
    std::vector<std::string> row{done_when(step), step.kind, one_line(step.name, 100),
                                 std::to_string(std::chrono::duration_cast<milliseconds>(took).count()),
                                 std::to_string(step.tries)};
    if (values) row.push_back(one_line(step.value, kValueOfStep));
    table.add(std::move(row));
  }
  std::cout << '\n';
  table.print();
}

}  // namespace

int show_flow(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto id = JobId::parse(options.ids.front()).value();
  const auto story = operate::find_flow(servers, id);
  const bool known = story.state != FlowState::kUnknown;
  if (options.json) {
    print_json(operate::in_json(story, options.args));
  } else if (known) {
    print_flow(story, options.args);
  }
  return known ? kExitDone : tell_unknown(story);
}

int run_flow_again(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto story = operate::find_flow(servers, JobId::parse(options.ids.front()).value());
  if (story.state == FlowState::kUnknown) return tell_unknown(story);
  const auto made = operate::run_flow_again(servers, story, options.name, login_name(), options.note);
  if (options.json) {
    print_json(operate::in_json(made));
  } else {
    std::cout << "flow " << made.id << " of task " << made.task << ", in database " << made.database
              << ", has " << made.kept << (made.kept == 1 ? " step" : " steps") << " of " << made.of
              << ", and goes on with '" << one_line(made.from, 100) << "'\n";
  }
  if (made.goes_on) {
    std::cout.flush();
    warn("flow " + made.of + " has not ended, and goes on as well: `aftercommit cancel " + made.of +
         "` if it is not to");
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
