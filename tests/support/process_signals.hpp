/// Signals to the processes of a test, and that they have been obeyed.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "support/eventually.hpp"

namespace aftercommit::support {

/// Nothing where it does not run: 0 would be every process of the test run, those that other tests hold
/// stopped too.
inline void signal_process(pid_t process, int number) {
  if (process > 0) ::kill(process, number);
}

/// Every thread of it is stopped, or has ended.
inline bool stands_still(pid_t process) {
  std::error_code gone;
  for (const auto& thread :
       std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task", gone}) {
    std::ifstream file{thread.path() / "stat"};
    std::string stat;
    std::getline(file, stat);
    const auto name_end = stat.rfind(") ");
    if (name_end != std::string::npos && std::string{"TZX"}.find(stat.at(name_end + 2)) == std::string::npos)
      return false;
  }
  return true;
}

/// SIGSTOP; it stands still when this returns.
inline void stop_process(pid_t process) {
  signal_process(process, SIGSTOP);
  if (!eventually([&] { return stands_still(process); })) {
    throw std::runtime_error{"SIGSTOP does not stop process " + std::to_string(process)};
  }
}

}  // namespace aftercommit::support
