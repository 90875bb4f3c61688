/// Calls on flows: what one has done, and events that are given to it.
#include <string>
#include <utility>

#include "aftercommit/job_id.hpp"
#include "dashboard/api.hpp"
#include "operate/flow_signal.hpp"
#include "operate/flow_story.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::Servers;

JobId flow_id_of(const std::string& text) {
  const auto id = JobId::parse(text);
  if (!id) throw Refusal{400, "'id' has to be the id of a flow, as 01890a5d-ac96-774b-bcce-b302099a8057"};
  return *id;
}

}  // namespace

/// What its steps have returned stands apart from them, as the result of a job, so that it is hidden as one.
Json get_flow(Context& context, const Request& request) {
  const auto id = flow_id_of(request.value("id"));
  return context.servers.use([&](Servers& servers) -> Json {
    const auto story = operate::find_flow(servers, id);
    auto document = operate::in_json(story, false);
    document["task"] = document["flow"];
    document.erase("flow");
    Json values = Json::object();
    for (const auto& step : story.steps) {
      if (!step.value.empty() && step.kind != "failure")
        values[step.name] = Json::parse(step.value, nullptr, false);
    }
    document["result"] = std::move(values);
    return document;
  });
}

Json post_signal(Context& context, const Request& request) {
  const auto body = body_of(request);
  const auto flow = flow_id_of(text_of(body, "id"));
  const auto event = text_of(body, "event");
  const auto value = body.contains("value") ? body.at("value").dump() : std::string{"null"};
  auto document = context.servers.use([&](Servers& servers) -> Json {
    const auto signal = operate::signal_flow(servers, flow, event, value);
    if (!signal.answer && signal.answers.from_all()) {
      throw Refusal{404, operate::meaning(signal)};
    }
    auto answer = operate::in_json(signal);
    answer["meaning"] = operate::meaning(signal);
    return answer;
  });
  tell_of_change(request, "signal", flow.str() + " " + event, document["meaning"].get<std::string>());
  return document;
}

}  // namespace aftercommit::dashboard
