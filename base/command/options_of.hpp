/// The options of cxxopts as data.
#pragma once

#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "base/command/command_text.hpp"

namespace aftercommit {

/// In the order in which they were added.
inline std::vector<OptionText> options_of(const cxxopts::Options& options) {
  std::vector<OptionText> all;
  for (const auto& group : options.groups()) {
    for (const auto& option : options.group_help(group).options) {
      OptionText text{.name = option.l.empty() ? option.s : option.l.front()};
      text.what = option.desc;
      if (!option.is_boolean) {
        text.value = option.arg_help.empty() ? "VALUE" : option.arg_help;
        text.may_lack_value = option.has_implicit;
        if (option.has_default) text.preset = option.default_value;
      }
      all.push_back(std::move(text));
    }
  }
  return all;
}

}  // namespace aftercommit
