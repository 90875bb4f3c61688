/// Which processes there are below this one: for killing the children of a supervisor.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace aftercommit::support {

std::vector<pid_t> children_of(pid_t process);

/// The words of its command line, joined by spaces; empty once it has ended.
std::string command_line_of(pid_t process);

}  // namespace aftercommit::support
