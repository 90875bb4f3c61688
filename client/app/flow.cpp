/// How a flow is declared, begun and signalled; what a worker does with it: worker/flows.
#include "aftercommit/flow.hpp"

#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/flows/flow_rows.hpp"

namespace aftercommit {
namespace {

/// What contradicts that a flow is a row, which step after step changes; empty: nothing.
std::string flow_flaw(const TaskOptions& options) {
  if (options.delivery && *options.delivery != Delivery::kDurable)
    return "another delivery than durable: its row is what it goes on from";
  if (!options.transactional) return "transactional = false: each of its steps is a transaction";
  if (!options.limits.empty())
    return "limits, which hold for as long as one transaction: give them to a task that its steps ask for";
  if (options.result_ttl) return "a result_ttl: what its steps return is kept until it has ended";
  return {};
}

}  // namespace

detail::TaskEntry& App::declare_flow(std::string name, TaskOptions options) {
  if (const auto flaw = flow_flaw(options); !flaw.empty())
    throw UsageError{"flow '" + clean_text(name, 64) + "' is declared with " + flaw};
  if (options.unique) detail::check_unique_flow(clean_text(name, 64), *options.unique);
  options.delivery = Delivery::kDurable;
  auto& entry = declare(std::move(name), std::move(options), false);
  entry.is_flow = true;
  return entry;
}

Signalled App::signal(const JobId& flow, const std::string& event) const {
  return signal_json(flow, event, nullptr, {});
}

Signalled App::signal_json(const JobId& flow, const std::string& event, const nlohmann::json& value,
                           std::string_view database) const {
  if (!detail::is_step_name(event)) {
    throw UsageError{"cannot signal flow " + flow.str() + ": event '" + in_one_line(event, 100) + "' " +
                     std::string{detail::kIsNoStepName}};
  }
  std::string json;
  try {
    append_json_value(json, value, {kArgsDepthLimit, kArgsValueLimit});
  } catch (const PayloadError& error) {
    throw PayloadError{"cannot signal flow " + flow.str() + ": the value of event '" + event +
                       "' cannot be kept: " + error.what()};
  }
  const auto limit = core_->options().payload_limit;
  if (json.size() > limit) {
    throw PayloadError{"cannot signal flow " + flow.str() + ": the value of event '" + event + "' takes " +
                       std::to_string(json.size()) + " bytes, over the payload limit of " +
                       std::to_string(limit) + ": store the data and give its key"};
  }
  return detail::signal_flow(core_->database_or_default(database), flow, event, json);
}

JobId FlowChildren::add_call(const detail::TaskEntry& task, nlohmann::json args) {
  CallOptions options;
  options.flow = flow_;
  options.transaction = &transaction_;
  std::vector<nlohmann::json> calls;
  calls.push_back(std::move(args));
  const auto job = detail::enqueue(task, options, std::move(calls)).front();
  added_.push_back({job, task.name});
  return job;
}

namespace detail {

void FlowRunner::throw_bad_answer(const std::string& name, const std::exception& error) {
  const FlowChanged changed{"what is kept of '" + name +
                            "' is not what the code of the flow takes: " + error.what()};
  give_up(std::make_exception_ptr(changed));
  throw changed;
}

void run_flow(Job& job, const std::function<AnyFlow(FlowContext&)>& begin) {
  auto* const runner = job.notes() != nullptr ? job.notes()->flow() : nullptr;
  if (runner == nullptr) {
    throw UsageError{"flow '" + job.task() +
                     "' cannot run here: a flow is a durable job of a database, run by a worker or the test "
                     "kit, which keep what it has done"};
  }
  runner->run(job, begin);
}

}  // namespace detail
}  // namespace aftercommit
