/// Reads the command line.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/command/command_text.hpp"
#include "cli/options.hpp"

namespace aftercommit::cli {

/// What --help and --version ask for.
struct PrintAndExit {
  std::string text;
};

/// All commands with their options, as --help shows them: man page and completions are made of it.
std::vector<CommandText> command_table();

/// What --help says below the options, of each command.
std::string after_help();

/// Throws UsageError for an unknown command or a wrong option.
std::variant<Options, PrintAndExit> parse_command_line(int argc, const char* const* argv);

}  // namespace aftercommit::cli
