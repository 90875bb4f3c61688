/// What is said of arguments that do not suit their task.
#include "aftercommit/task_args.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "aftercommit/decode_args.hpp"
#include "base/text/text.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::detail {
namespace {

using nlohmann::json;

constexpr auto kReplace = json::error_handler_t::replace;
constexpr std::size_t kShown = 48;  // bytes of a value or a key

std::string shown(const json& value) {
  if (value.is_string()) return "a text";  // which may be a secret, and is in the letter anyhow
  if (value.is_array()) return "an array of " + std::to_string(value.size());
  if (value.is_object()) return "an object";
  return clean_text(value.dump(-1, ' ', true, kReplace), kShown);
}

/// "[0]["cents"]"; empty for the argument itself.
std::string path(const JsonPlace& place) {
  if (place.outer == nullptr) return {};
  const auto step = place.key == nullptr ? std::to_string(place.index)
                                         : clean_text(json(*place.key).dump(-1, ' ', true, kReplace), kShown);
  return path(*place.outer) + "[" + step + "]";
}

/// "argument 1 of task 'x' does not convert: at [0]: "
std::string beginning(const JsonPlace& place) {
  const auto* argument = &place;
  while (argument->outer != nullptr) argument = argument->outer;
  const auto which = argument->index == kPlaceOfResult ? std::string{"the result"}
                                                       : "argument " + std::to_string(argument->index + 1);
  auto text = which + " of task '" + *argument->key + "' does not convert: ";
  if (place.outer != nullptr) text += "at " + path(place) + ": ";
  return text;
}

bool same_number(const json& given, const json& taken) {
  if (given.is_boolean() || taken.is_boolean()) return given == taken;
  if (!taken.is_number_float()) return given == taken && !given.is_number_float();
  // As a parameter of its own a double, or a float, takes the nearest to what was given.
  const auto wanted = given.get<double>();
  const auto got = taken.get<double>();
  return wanted == got || (std::isfinite(got) && static_cast<float>(wanted) == static_cast<float>(got));
}

void collect_numbers(const json& value, std::vector<const json*>& numbers) {
  if (value.is_structured()) {
    for (const auto& element : value) collect_numbers(element, numbers);
  } else if (value.is_number() || value.is_boolean()) {
    numbers.push_back(&value);
  }
}

std::vector<const json*> sorted_numbers(const json& value) {
  std::vector<const json*> numbers;
  collect_numbers(value, numbers);
  std::ranges::sort(numbers, [](const json* a, const json* b) {
    return *a < *b || (*a == *b && !a->is_number_float() && b->is_number_float());
  });
  return numbers;
}

/// Each number that was given is found again, wherever: a set has changed their order, and kept one of equal
/// ones.
bool same_in_some_order(const json& given, const json& taken) {
  const auto wanted = sorted_numbers(given);
  const auto got = sorted_numbers(taken);
  const bool one_for_each = wanted.size() <= got.size();
  auto next = got.begin();
  for (const auto* number : wanted) {
    while (next != got.end() && **next < *number && !same_number(*number, **next)) ++next;
    if (next == got.end() || !same_number(*number, **next)) return false;
    if (one_for_each) ++next;
  }
  return true;
}

bool same_numbers(const json& given, const json& taken) {
  if (taken.is_number() && (given.is_number() || given.is_boolean())) return same_number(given, taken);
  if (given.is_object() && taken.is_object()) {
    for (const auto& [key, member] : given.get_ref<const json::object_t&>()) {
      const auto found = taken.find(key);
      if (found != taken.end() && !same_numbers(member, *found)) return false;
    }
    return true;
  }
  if (!given.is_array() || !taken.is_array()) return true;
  bool in_order = given.size() == taken.size();
  for (std::size_t i = 0; in_order && i < given.size(); ++i) in_order = same_numbers(given[i], taken[i]);
  return in_order || same_in_some_order(given, taken);
}

[[noreturn]] void refuse(const JsonPlace& place, const json& given, const json& taken) {
  throw BadArguments{beginning(place) + shown(given) + " would become " + shown(taken)};
}

}  // namespace

void throw_bad_value(const JsonPlace& place, const json& value, const std::string& expected) {
  throw BadArguments{beginning(place) + shown(value) + " is not " + expected};
}

void throw_not_converted(const JsonPlace& place, const std::exception& error) {
  throw BadArguments{beginning(place) + what_of(error)};
}

void throw_call_flaw(const std::string& task, std::size_t call, std::size_t position,
                     const std::string& text) {
  const auto which = call == 0 ? "" : " of call " + std::to_string(call);
  throw UsageError{"cannot enqueue task '" + task + "': argument " + std::to_string(position) + which + " " +
                   text};
}

bool holds_number(const json& value) {
  if (value.is_structured()) return std::ranges::any_of(value, holds_number);
  return value.is_number() || value.is_boolean();
}

void require_same_numbers(const JsonPlace& place, const json& given, const json& taken) {
  if (same_numbers(given, taken)) return;
  // Down to the first one that differs, where it can be told.
  if (given.is_object() && taken.is_object()) {
    for (const auto& [key, member] : given.get_ref<const json::object_t&>()) {
      if (const auto found = taken.find(key); found != taken.end()) {
        require_same_numbers(JsonPlace{&place, 0, &key}, member, *found);
      }
    }
  }
  if (given.is_array() && taken.is_array() && given.size() == taken.size()) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      require_same_numbers(JsonPlace{&place, i}, given[i], taken[i]);
    }
  }
  refuse(place, given, taken);
}

}  // namespace aftercommit::detail
