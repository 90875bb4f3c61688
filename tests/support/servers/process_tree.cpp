#include "support/servers/process_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace aftercommit::support {

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  // A child belongs to the thread that forked it.
  std::error_code ended;
  const std::filesystem::directory_iterator threads{"/proc/" + std::to_string(process) + "/task", ended};
  for (const auto& thread : threads) {
    std::ifstream file{thread.path() / "children"};
    std::copy(std::istream_iterator<pid_t>{file}, {}, std::back_inserter(children));
  }
  return children;
}

std::string command_line_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/cmdline"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::ranges::replace(text, '\0', ' ');
  return text;
}

}  // namespace aftercommit::support
