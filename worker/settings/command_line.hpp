/// The options of the `worker` command.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// What --help and --version ask to be printed instead of work.
struct PrintAndExit {
  std::string text;
};

/// Options from the command line, and, where it says nothing, from the environment.  `needs_app`: --app is
/// required. Throws UsageError with one sentence.
std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv, bool needs_app);

}  // namespace aftercommit::worker
