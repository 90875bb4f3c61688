/// Events that an operator gives to a flow.
#pragma once

#include <optional>
#include <string>

#include "aftercommit/flow.hpp"
#include "aftercommit/job_id.hpp"
#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// What has become of one.
struct FlowSignal {
  std::string id;
  std::string event;
  std::string database{};  ///< the alias of the one that knows the flow; empty: none that answers does
  std::optional<Signalled> answer{};  ///< nothing: nobody knows the flow, and nothing was changed
  Answers answers{};
};

/// As App::signal, in the database that knows the flow, or a job of that id which may be one: by itself, and
/// committed.  `value`: JSON.  Throws as Servers::look_at_each(), what
/// App::signal does, and UsageError for what cannot be the name of an event.
FlowSignal signal_flow(Servers& servers, const JobId& flow, const std::string& event,
                       const std::string& value);

Json in_json(const FlowSignal& signal);

/// A sentence without its end on what becomes of it.
std::string meaning(const FlowSignal& signal);

}  // namespace aftercommit::operate
