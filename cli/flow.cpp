/// `aftercommit flow`: what a flow has done, and what it waits for.
#include <iostream>
#include <string>
#include <string_view>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
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
  return step.done_at ? utc(*step.done_at) : "not known yet";
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
  if (known) return kExitDone;
  std::cout.flush();
  std::cerr << "aftercommit: nobody knows a flow " << id.str()
            << ": it was never committed, has ended long ago, or is of other servers\n";
  tell_outages(story.answers, "it was not looked for in ", "");
  return story.answers.from_all() ? kExitFound : kExitServers;
}

}  // namespace aftercommit::cli
