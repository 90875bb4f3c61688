#include "worker/python_tasks.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

/// Of a word of parameter_words.hpp.
std::string type_in_python(std::string_view word) {
  const auto of = [&](std::string_view start, std::string before, std::string_view after) {
    return before + type_in_python(word.substr(start.size())) + std::string{after};
  };
  if (word == "boolean") return "bool";
  if (word == "integer") return "int";
  if (word == "number") return "float";
  if (word == "text") return "str";
  for (const auto& [start, before] : {std::pair{"optional ", "Optional["}, std::pair{"list of ", "Sequence["},
                                      std::pair{"map of ", "Mapping[str, "}}) {
    if (word.starts_with(start)) return of(start, before, "]");
  }
  return "Any";
}

/// A name in Python that nothing else in the module has, nor has its class, which is called so behind a "_".
std::string name_in_python(std::string_view task, std::set<std::string>& taken) {
  constexpr std::array<std::string_view, 35> kKeywords{
      "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  std::string name{task};
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '-'; }, '_');
  if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(0, 1, '_');
  if (std::ranges::find(kKeywords, name) != kKeywords.end()) name += '_';
  while (taken.contains(name) || taken.contains("_" + name)) name += '_';
  taken.insert({name, "_" + name});
  return name;
}

std::string text_in_python(std::string_view text) { return nlohmann::json(text).dump(-1, ' ', true); }

std::string seconds_in_python(std::chrono::milliseconds length) {
  auto text = std::to_string(length.count() / 1000);
  if (const auto rest = length.count() % 1000; rest != 0) text += "." + std::to_string(1000 + rest).substr(1);
  return text;
}

std::string unique_in_python(const Unique& unique) {
  std::string text;
  if (unique.key) text += ", unique_key=" + text_in_python(*unique.key);
  if (unique.for_) {
    text += ", unique_for=" + seconds_in_python(*unique.for_);
  } else {
    text += unique.until == Unique::kStart ? ", unique_until=\"start\"" : ", unique_until=\"done\"";
  }
  switch (unique.on_duplicate) {
    case Unique::kSkip:
      break;
    case Unique::kReplace:
      text += ", on_duplicate=\"replace\"";
      break;
    case Unique::kDebounce:
      text += ", on_duplicate=\"debounce\"";
      break;
    case Unique::kOnceMore:
      text += ", on_duplicate=\"once_more\"";
      break;
  }
  if (unique.longest_delay) text += ", longest_delay=" + seconds_in_python(*unique.longest_delay);
  return text;
}

/// What a program that asks has to say, since workers cannot add it.
std::string options_in_python(const TaskOptions& options) {
  std::string text;
  if (options.queue != defaults::kQueue) text += ", queue=" + text_in_python(options.queue);
  if (!options.database.empty()) text += ", using=" + text_in_python(options.database);
  constexpr std::array<const char*, 4> kLevels{"critical", "high", "normal", "low"};
  if (options.priority != Priority::kNormal)
    text += std::string{", priority=\""} + kLevels.at(static_cast<std::size_t>(options.priority)) + "\"";
  if (options.expires) text += ", expires=" + seconds_in_python(*options.expires);
  if (options.unique) text += unique_in_python(*options.unique);
  return text;
}

std::string in_python(const detail::TaskEntry& task, const std::string& name) {
  std::string parameters;
  std::string given;
  std::string types;
  for (std::size_t i = 0; i < task.parameters.size(); ++i) {
    const auto argument = "arg" + std::to_string(i + 1);
    const auto type = type_in_python(task.parameters[i]);
    parameters += ", " + argument + ": " + type;
    given += (i == 0 ? "" : ", ") + argument;
    types += (i == 0 ? "" : ", ") + type;
  }
  if (!parameters.empty()) parameters += ", /";  // in C++ they have no names
  const auto tuple = types.empty() ? std::string{"Tuple[()]"} : "Tuple[" + types + "]";
  const auto by_default = types.empty() ? std::string{" = ()"} : std::string{};
  return "\n\nclass _" + name + "(Task):\n    def delay(self" + parameters + ") -> AsyncResult:\n" +
         "        return super().delay(" + given + ")\n\n    def apply_async(self, args: " + tuple +
         by_default + ", kwargs: None = None, **options: Any) -> AsyncResult:\n" +
         "        return super().apply_async(args, kwargs, **options)\n\n\n" + name + " = _" + name + "(" +
         text_in_python(task.name) + options_in_python(task.options) + ")\n";
}

}  // namespace

std::string python_tasks(App& app) {
  std::string text = "\"\"\"The tasks of the app '" + app.name() +
                     "' for aftercommit in Python; made by `worker --python-tasks`.\"\"\"\n"
                     "from typing import Any, Mapping, Optional, Sequence, Tuple\n\n"
                     "from aftercommit import AsyncResult, Task\n";
  // What the module itself uses, imported or built in.
  std::set<std::string> taken{"Any",  "Mapping", "Optional", "Sequence", "Tuple", "AsyncResult",
                              "Task", "bool",    "float",    "int",      "str",   "super"};
  for (const auto& name : app.core().task_names())
    text += in_python(*app.core().find_task(name), name_in_python(name, taken));
  return text;
}

}  // namespace aftercommit::worker
