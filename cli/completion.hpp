/// What makes a shell complete the words of the command.
#pragma once

#include <string>
#include <vector>

#include "base/command/command_text.hpp"

namespace aftercommit::cli {

/// A function for bash, and its registration: to be sourced, or put into bash-completion's folder.
std::string bash_completion(const std::vector<CommandText>& commands);

/// The file _aftercommit for zsh's fpath.
std::string zsh_completion(const std::vector<CommandText>& commands);

}  // namespace aftercommit::cli
