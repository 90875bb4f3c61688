/// What a command of ours can be told, as data: --help, man pages and completions are made of the same.
#pragma once

#include <string>
#include <vector>

namespace aftercommit {

struct OptionText {
  std::string name;             ///< without dashes
  std::string value{};          ///< what stands for its value; empty: it takes none
  bool may_lack_value = false;  ///< --name alone means something too
  std::string what{};           ///< what it is for
  std::string preset{};         ///< the default; empty: none
};

/// A command, or one of the several that a program has.
struct CommandText {
  std::string name;   ///< "dead list"
  std::string usage;  ///< what follows its name
  std::string what;   ///< a sentence
  std::vector<OptionText> options{};
  std::string examples{};  ///< lines; may be empty
};

}  // namespace aftercommit
