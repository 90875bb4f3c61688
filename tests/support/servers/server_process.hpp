/// Starts the program of a server of a test's own.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace aftercommit::support {

/// Its process, a child of this one; its output goes nowhere.
inline pid_t start_server(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const auto process = ::fork();
  if (process < 0) throw std::runtime_error{"cannot start " + command[0]};
  if (process > 0) return process;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

}  // namespace aftercommit::support
