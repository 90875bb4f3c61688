#include "client/app/limit_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

using nlohmann::json;

constexpr std::size_t kNameMost = 100;
constexpr std::size_t kKeyMost = 200;
constexpr std::chrono::milliseconds kLongestPer = std::chrono::days{365};

/// No colon is in it, which ends it where jobs wait for it.
bool is_limit_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '/' || c == ' ';
  };
  return !name.empty() && name.size() <= kNameMost && name.front() != ' ' && name.back() != ' ' &&
         std::ranges::all_of(name, good);
}

DeclaredLimit rule_of(const Concurrency& limit, const std::string& of) {
  return {.name = limit.name.empty() ? of + ".concurrency" : limit.name,
          .most = limit.most,
          .per_key = limit.per_key};
}
DeclaredLimit rule_of(const Rate& limit, const std::string& of) {
  return {.name = limit.name.empty() ? of + ".rate" : limit.name,
          .most = limit.most,
          .per = limit.per,
          .burst = limit.burst,
          .per_key = limit.per_key};
}
/// `of`: what it is of, in names.
DeclaredLimit rule_of(const Limit& limit, const std::string& of) {
  return std::visit([&](const auto& kind) { return rule_of(kind, of); }, limit);
}

/// `place`: "task 'send'"
[[noreturn]] void refuse_limit(const std::string& place, const std::string& why) {
  throw UsageError{"a limit of " + place + " cannot be declared: " + why};
}

void check_rule(const DeclaredLimit& rule, const std::string& place) {
  if (!is_limit_name(rule.name)) {
    refuse_limit(place,
                 "its name '" + in_one_line(rule.name, kNameMost) +
                     "' is not valid: 1 to 100 of a-z A-Z 0-9 _ . - / and space, without spaces around them");
  }
  if (rule.most < 0 || rule.most > kMostOfALimit)
    refuse_limit(place,
                 "most is from 0 to " + std::to_string(kMostOfALimit) + ", not " + std::to_string(rule.most));
  if (!rule.is_rate()) return;
  if (*rule.per < std::chrono::milliseconds{1} || *rule.per > kLongestPer) {
    refuse_limit(place, "per is from 1 ms to 365 days, not " + std::to_string(rule.per->count()) + " ms");
  }
  if (rule.burst < 1 || rule.burst > kMostOfALimit)
    refuse_limit(
        place, "burst is from 1 to " + std::to_string(kMostOfALimit) + ", not " + std::to_string(rule.burst));
}

/// Nothing: it is not one.
std::optional<json::json_pointer> pointer_of(std::string_view text) {
  try {
    return json::json_pointer{std::string{text}};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

/// FNV-1a, the same in every program.
std::string hash_of(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211U;
  }
  std::string digits = "#";
  for (int shift = 60; shift >= 0; shift -= 4) digits += kHex[(hash >> static_cast<unsigned>(shift)) & 15U];
  return digits;
}

std::string as_key(const std::string& text) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return text.size() <= kKeyMost && std::ranges::all_of(text, printable) ? text : hash_of(text);
}

[[noreturn]] void refuse_call(const TaskEntry& task, const std::string& why) {
  throw UsageError{"cannot enqueue task '" + task.name + "': " + why};
}

}  // namespace

void LimitRules::add(Names& names, const std::string& of, DeclaredLimit rule, const std::string& place) {
  check_rule(rule, place);
  const auto [known, is_new] = all_.try_emplace(rule.name, rule);
  if (!is_new && known->second != rule) {
    refuse_limit(place,
                 "another is declared as '" + rule.name +
                     "' with other values: give it a name of its own, or the same values, and both are "
                     "one limit");
  }
  auto& of_one = names[of];
  if (std::ranges::find(of_one, &known->second) != of_one.end())
    refuse_limit(place, "it has one of the name '" + rule.name + "' already");
  of_one.push_back(&known->second);
}

void LimitRules::add_task(const std::string& task, const TaskOptions& options) {
  const auto place = "task '" + task + "'";
  if (!options.limit_key.empty() && !pointer_of(options.limit_key)) {
    throw UsageError{"limit_key '" + in_one_line(options.limit_key, kNameMost) + "' of " + place +
                     " is not a JSON pointer into its arguments, such as \"/0\" for the first one, or "
                     "\"/0/customer\""};
  }
  std::vector<DeclaredLimit> rules;
  for (const auto& limit : options.limits) {
    rules.push_back(rule_of(limit, task));
    check_rule(rules.back(), place);
    if (!rules.back().is_rate() && !options.transactional) {
      refuse_limit(
          place,
          "with transactional = false its jobs hold nothing in a database by which others could tell "
          "that they run; limit its rate, or give it a transaction");
    }
  }
  for (auto& rule : rules) add(of_tasks_, task, std::move(rule), place);
}

void LimitRules::add_queue(const std::string& queue, const Limit& limit) {
  if (!valid_name(queue)) {
    throw UsageError{"cannot limit queue '" + clean_text(queue, kNameLimit) +
                     "': that is not a valid name: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  add(of_queues_, queue, rule_of(limit, "queue/" + queue), "queue '" + queue + "'");
}

std::vector<const DeclaredLimit*> LimitRules::of(std::string_view task, std::string_view queue) const {
  std::vector<const DeclaredLimit*> found;
  const auto take = [&](const Names& names, std::string_view name) {
    if (const auto known = names.find(name); known != names.end())
      found.insert(found.end(), known->second.begin(), known->second.end());
  };
  take(of_tasks_, task);
  take(of_queues_, queue);
  // All workers ask for them in one order, so that of two jobs which want the same two one gets both.
  std::ranges::sort(found, {}, &DeclaredLimit::name);
  const auto twice = std::ranges::unique(found);
  found.erase(twice.begin(), twice.end());
  return found;
}

void check_job_limits(const LimitRules& rules, const TaskEntry& task, const CallOptions& options,
                      const std::string& queue, bool durable) {
  if (options.limit_key && (options.limit_key->empty() || options.limit_key->size() > kKeyMost ||
                            !valid_utf8(*options.limit_key))) {
    refuse_call(task, "its limit_key is not 1 to " + std::to_string(kKeyMost) + " bytes of UTF-8");
  }
  if (!rules.any() || task.options.transactional) return;
  for (const auto* const rule : rules.of(task.name, queue)) {
    if (!rule->is_rate()) {
      refuse_call(task, "queue '" + queue + "' has the limit '" + rule->name +
                            "' of jobs that run at once, and a task with transactional = false holds nothing "
                            "by which others could tell that it runs: choose another queue");
    }
    if (durable) continue;
    refuse_call(task,
                "the limit '" + rule->name +
                    "' is kept in a database, and without a transaction only a durable job has one: choose "
                    "Delivery::kDurable");
  }
}

std::string limit_key_of(const Envelope& job, std::string_view pointer) {
  if (!job.limit_key.empty()) return as_key(job.limit_key);
  if (pointer.empty()) return {};
  const auto place = pointer_of(pointer);
  if (!place) return {};
  try {
    const auto& value = job.args.at(*place);
    if (value.is_null()) return {};
    return as_key(value.is_string() ? value.get_ref<const std::string&>() : value.dump());
  } catch (const json::exception&) {
    return {};  // nothing is there
  }
}

}  // namespace aftercommit::detail
