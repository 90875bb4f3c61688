#include "operate/flow_again.hpp"

#include "client/flows/flow_again.hpp"

namespace aftercommit::operate {

FlowAgainMade run_flow_again(Servers& servers, const FlowStory& flow, const std::string& step,
                             const std::string& by, const std::string& note) {
  servers.stores();  // which have the tables
  const auto made =
      detail::run_flow_again(servers.store(flow.database).database,
                             {.flow = JobId::parse(flow.id).value(), .step = step, .by = by, .note = note});
  return {.id = made.id.str(),
          .of = flow.id,
          .from = step,
          .task = made.task,
          .database = flow.database,
          .kept = made.kept,
          .goes_on = made.goes_on};
}

Json in_json(const FlowAgainMade& made) {
  return {{"id", made.id},     {"of", made.of},           {"from", made.from},        {"flow", made.task},
          {"kept", made.kept}, {"goes_on", made.goes_on}, {"database", made.database}};
}

}  // namespace aftercommit::operate
