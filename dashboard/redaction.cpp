#include "dashboard/redaction.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "broker/contract/aside.hpp"
#include "dashboard/addresses.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::Json;

constexpr const char* kHidden = "(hidden)";
/// What only those may see who may see arguments.
constexpr std::array<std::string_view, 6> kOfArguments{"args",     "result",    "headers",
                                                       "received", "limit_key", "given_key"};

bool is_of_arguments(std::string_view name) {
  return std::ranges::find(kOfArguments, name) != kOfArguments.end();
}

/// "limit:default:per customer:42" without the key, which is made of arguments.
std::string without_key(const std::string& reason) {
  if (!is_limit_reason(reason)) return reason;
  const auto alias = reason.find(':', kLimitReason.size());
  const auto name = alias == std::string::npos ? alias : reason.find(':', alias + 1);
  return reason.substr(0, name);
}

}  // namespace

Redaction::Redaction(bool show_args, const std::vector<std::string>& rules) : show_args_{show_args} {
  for (const auto& rule : rules) {
    const auto refuse = [&] {
      throw UsageError{"--redact takes NAME, TASK#N or TASK#*, as password or send_receipt#2, not '" +
                       shown_argument(rule) + "'"};
    };
    const auto hash = rule.find('#');
    if (hash == std::string::npos) {
      if (rule.empty()) refuse();
      names_.insert(lower_case(rule));
      continue;
    }
    const auto task = rule.substr(0, hash);
    const auto which = rule.substr(hash + 1);
    if (!valid_name(task)) refuse();
    if (which == "*") {
      tasks_.insert(task);
      continue;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), number);
    if (error != std::errc{} || end != which.data() + which.size() || number == 0) refuse();
    arguments_.insert({task, number - 1});
  }
}

void Redaction::apply(Json& document) const {
  if (document.is_array()) {
    for (auto& element : document) apply(element);
    return;
  }
  if (!document.is_object()) return;
  const bool is_job =
      std::ranges::any_of(kOfArguments, [&](std::string_view name) { return document.contains(name); });
  if (is_job) apply_to_job(document);
  for (auto& [name, value] : document.items()) {
    if (name == "history") continue;  // its members are called as queues are, and hold numbers
    if (name == "aside_for" && value.is_string() && (!show_args_ || has_rules()))
      value = without_key(value.get<std::string>());
    if (!is_job || !is_of_arguments(name)) apply(value);
  }
}

std::string Redaction::searched(const std::string& task, const nlohmann::json& args) const {
  Json job{{"task", task}};
  job["args"] = args;
  apply_to_job(job);
  return job["args"].dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Redaction::apply_to_job(Json& job) const {
  const auto task =
      job.contains("task") && job["task"].is_string() ? job["task"].get<std::string>() : std::string{};
  if (!show_args_) {
    for (const auto name : kOfArguments) {
      if (job.contains(name)) job[std::string{name}] = nullptr;
    }
    job["args_hidden"] = true;
    return;
  }
  const bool all = tasks_.contains(task);
  for (const auto key : kOfArguments) {
    const std::string name{key};
    if (!job.contains(name) || job[name].is_null()) continue;
    // What could not be read as a job, or was made of arguments, may hold anything that a rule names.
    const bool in_another_form = name == "received" || name == "limit_key" || name == "given_key";
    if (all || (in_another_form && has_rules())) {
      job[name] = kHidden;
    } else {
      hide_members(job[name]);
    }
  }
  if (all || !job.contains("args") || !job["args"].is_array()) return;
  for (const auto& [its_task, place] : arguments_) {
    if (its_task == task && place < job["args"].size()) job["args"][place] = kHidden;
  }
}

void Redaction::hide_members(Json& value) const {
  if (value.is_array()) {
    for (auto& element : value) hide_members(element);
  }
  if (!value.is_object()) return;
  for (auto& [name, member] : value.items()) {
    if (names_.contains(lower_case(name))) {
      member = kHidden;
    } else {
      hide_members(member);
    }
  }
}

}  // namespace aftercommit::dashboard
