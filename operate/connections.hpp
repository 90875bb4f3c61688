/// Which servers an operator works on.
#pragma once

#include <map>
#include <set>
#include <string>

namespace aftercommit::operate {

/// What is empty comes from the environment.
struct Connections {
  std::string redis_url{};
  std::map<std::string, std::string> database_urls{};  ///< by alias, beside those of the environment
  std::set<std::string> only{};                        ///< aliases; empty: all
  std::string schema{};                                ///< empty: the library's default
};

}  // namespace aftercommit::operate
