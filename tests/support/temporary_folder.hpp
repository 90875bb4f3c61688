/// A folder that nobody else has.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace aftercommit::support {

/// "aftercommit-KIND-" and what makes it new, in /tmp: a socket in it has a short path.  The caller removes
/// it.
inline std::filesystem::path temporary_folder(const std::string& kind) {
  std::string name = "/tmp/aftercommit-" + kind + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a folder in /tmp"};
  return name;
}

}  // namespace aftercommit::support
