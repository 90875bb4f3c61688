/// What the oracle expects of jobs that return a value: the id of their row in `effect`.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace aftercommit::fault {

struct ReturnStory {
  std::string job{};                  ///< as sentences call it
  std::vector<long> effects{};        ///< their ids
  std::optional<std::string> kept{};  ///< the value, as JSON; nothing: no row
};

/// What is wrong: there is a value if, and only if, there is an effect, and it is that one's.
std::vector<std::string> judge_result(const ReturnStory& story);

}  // namespace aftercommit::fault
