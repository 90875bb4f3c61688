/// Looks at servers before a program begins: side by side, so that several that are away cost no more than
/// one.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// Longest wait for all of them together: with what comes before and after, five seconds are not passed.
inline constexpr std::chrono::milliseconds kSetUpPatience{4500};

struct SetUpCheck {
  std::string subject;  ///< "the broker", "database 'shop'"
  /// Gives warnings, and throws what is wrong.  Owns all that it uses: it may still run when nobody waits for
  /// it any more.
  std::function<std::vector<std::string>()> look;
};

struct SetUpFinding {
  std::vector<std::string> warnings{};
  std::string trouble{};  ///< a sentence; empty: none
  bool away = false;      ///< the trouble is that the server does not answer
};

SetUpCheck broker_check(const std::string& url);
/// Whether it can be reached, on a connection of its own, and with `tables` whether those of jobs are right.
/// Warns where it takes no writes, and of a URL that may lead to a standby.
SetUpCheck database_check(const Database& database, bool tables);

/// One finding for each check, in their order.  What has not answered when `patience` ends is a trouble as
/// well. Never throws for what a check finds.
std::vector<SetUpFinding> look_at_all(std::vector<SetUpCheck> checks,
                                      std::chrono::milliseconds patience = kSetUpPatience);

/// All sentences, each on a line of its own.
std::string in_lines(const std::vector<std::string>& troubles);
/// Throws ConfigError with all of them, if there are any.
void throw_all(const std::vector<std::string>& troubles);
std::vector<std::string> troubles_of(std::span<const SetUpFinding> findings);

}  // namespace aftercommit::detail
