#include "operate/flow_signal.hpp"

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {

FlowSignal signal_flow(Servers& servers, const JobId& flow, const std::string& event,
                       const std::string& value) {
  if (!detail::is_step_name(event)) {
    throw UsageError{"cannot signal flow " + flow.str() + ": event '" + in_one_line(event, 100) + "' " +
                     std::string{detail::kIsNoStepName}};
  }
  FlowSignal signal{.id = flow.str(), .event = event};
  signal.answers = servers.look_at_each(
      [&](const Store& store) {
        if (signal.answer || !detail::has_flow_tables(store.database)) return;
        const auto known = detail::in_schema(operate_sql::knows_flow, store.database.options().schema);
        if (store.database.exec(known, flow).empty()) return;
        signal.database = store.alias;
        signal.answer = detail::signal_flow(store.database, flow, event, value);
      },
      [](Browsing&) {});
  return signal;
}

Json in_json(const FlowSignal& signal) {
  Json document{{"id", signal.id},
                {"event", signal.event},
                {"database", or_null(signal.database)},
                {"answer", signal.answer ? Json(to_string(*signal.answer)) : Json(nullptr)}};
  document.update(in_json(signal.answers));
  return document;
}

std::string meaning(const FlowSignal& signal) {
  if (!signal.answer) return "no database that answers knows a flow of this id";
  switch (*signal.answer) {
    case Signalled::kGiven:
      return "it is given: the flow goes on, if it waits for it";
    case Signalled::kTaken:
      return "somebody gave one of this name before, and that holds";
    case Signalled::kLate:
      return "the flow has waited for it long enough, and has gone on without";
    case Signalled::kEnded:
      break;
  }
  return "the flow has ended, was cancelled, or its dead letter was deleted";
}

}  // namespace aftercommit::operate
