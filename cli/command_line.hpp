/// Reads the command line.
#pragma once

#include <string>
#include <variant>

#include "cli/options.hpp"

namespace aftercommit::cli {

/// What --help and --version ask for.
struct PrintAndExit {
  std::string text;
};

/// Throws UsageError for an unknown command or a wrong option.
std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv);

}  // namespace aftercommit::cli
