/// A manual page, made of what --help says.
#pragma once

#include <string>
#include <vector>

#include "base/command/command_text.hpp"

namespace aftercommit {

struct ManPage {
  std::string name;                     ///< "worker"
  std::string what;                     ///< a few words, for the list of pages
  std::string version;                  ///< of aftercommit
  std::string usage;                    ///< what follows the name
  std::vector<CommandText> commands{};  ///< where it has several
  std::vector<OptionText> options{};    ///< its own, or those that all of the commands take
  std::string after{};  ///< what --help says below the options: paragraphs, and lists under "Exit codes:"
  std::vector<std::string> see_also{};  ///< "worker(1)"
};

/// Its text in the language of man(7), section 1.
std::string man_page(const ManPage& page);

}  // namespace aftercommit
