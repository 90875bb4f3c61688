/// The flow that does a plan: chains and groups of jobs.
#include "aftercommit/plan.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit {
namespace {

using Node = nlohmann::json;

const Node* members_of(const Node& node, const char* of) {
  const auto found = node.find(of);
  return found != node.end() ? &*found : nullptr;
}

/// The same with what the part before it has returned, where it takes that.
Node with_input(Node node, const Node& input) {
  if (const auto chain = node.find("chain"); chain != node.end()) {
    if (!chain->empty()) chain->front() = with_input(std::move(chain->front()), input);
  } else if (const auto group = node.find("group"); group != node.end()) {
    for (auto& member : *group) member = with_input(std::move(member), input);
  } else if (node.contains("takes")) {
    node.at("args").insert(node.at("args").begin(), input);
    node.erase("takes");
  }
  return node;
}

/// What it is called in the history of the flow: the number of the part makes it one of a kind.
std::string part_name(std::size_t number, const Node& node) {
  const auto* const group = members_of(node, "group");
  return std::to_string(number) + " " +
         (group != nullptr ? "group of " + std::to_string(group->size())
                           : node.at("task").get<std::string>());
}

/// A job of its task; a chain or a group is a plan of its own.
void ask_for(FlowChildren& children, const detail::TaskEntry& plans, const Node& node) {
  if (!node.contains("task")) {
    children.add_call(plans, Node::array({Node(Plan{node})}));
    return;
  }
  const auto name = node.at("task").get<std::string>();
  const auto* const task = plans.app.core().find_task(name);
  if (task == nullptr) {
    throw FlowChanged{"its plan asks for a job of task '" + in_one_line(name, 64) +
                      "', which this app does not declare: run it with code that does"};
  }
  children.add_call(*task, node.at("args"));
}

Flow run_plan(FlowContext& flow, const detail::TaskEntry& plans, Plan plan) {
  const auto* const chain = members_of(plan.node(), "chain");
  const auto parts = chain != nullptr ? *chain : Node::array({plan.node()});
  Node last;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = with_input(parts[i], last);
    const auto* const group = members_of(part, "group");
    auto given = co_await flow.all<Node>(part_name(i + 1, part), [&](FlowChildren& children) {
      if (group == nullptr) return ask_for(children, plans, part);
      for (const auto& member : *group) ask_for(children, plans, member);
    });
    last = group != nullptr ? Node(std::move(given)) : std::move(given.at(0));
  }
  flow.returns(std::move(last));
}

/// Throws for what Part has not made.
void check_node(const Node& node, int depth = 0) {
  constexpr int kMostDepth = 50;
  const auto refuse = [] {
    throw UsageError{"this is no plan: it has neither a task with its args, nor a chain or group of such"};
  };
  if (!node.is_object() || depth > kMostDepth) refuse();
  for (const auto* const kind : {"chain", "group"}) {
    const auto* const members = members_of(node, kind);
    if (members == nullptr) continue;
    if (!members->is_array()) refuse();
    for (const auto& member : *members) check_node(member, depth + 1);
    return;
  }
  const auto* const task = members_of(node, "task");
  const auto* const args = members_of(node, "args");
  if (task == nullptr || !task->is_string() || args == nullptr || !args->is_array()) refuse();
}

}  // namespace

void to_json(nlohmann::json& json, const Plan& plan) {
  constexpr std::size_t kAnyDepth = 1000;  // what is too deep is refused when it is read
  std::string text;
  append_json_value(text, plan.node(), {kAnyDepth, std::numeric_limits<std::size_t>::max()});
  json = std::move(text);
}

void from_json(const nlohmann::json& json, Plan& plan) {
  auto node = Node::parse(json.get<std::string>(), nullptr, false);
  check_node(node);
  plan = Plan{std::move(node)};
}

FlowTask<Plan> App::plan(std::string name, TaskOptions options) {
  const auto plans = flow<Plan>(std::move(name), std::move(options));
  plans.run([&entry = plans.entry()](FlowContext& context, const Plan& plan) {
    return run_plan(context, entry, plan);
  });
  return plans;
}

}  // namespace aftercommit
