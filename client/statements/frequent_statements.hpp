/// The statements of an application that one session runs again and again.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "aftercommit/sql_params.hpp"

namespace aftercommit::detail {

/// Tells which are worth a plan of the server's: those that have been run several times within the last
/// second.  Only an INSERT, UPDATE or DELETE that gives no rows: a plan of others would fail when a migration
/// changes what they give. Not thread-safe.
class FrequentStatements {
 public:
  using Clock = std::chrono::steady_clock;

  /// `sql`, at an address that lasts as long as this, if it is to be planned; else null.
  const std::string* find(std::string_view sql, const SqlParams& params,
                          Clock::time_point now = Clock::now());

  /// It has been run as it is, and gave no rows.
  void note(std::string_view sql, Clock::time_point now = Clock::now());

 private:
  struct Uses {
    Clock::time_point since;
    int count = 0;
  };

  std::map<std::string, Uses, std::less<>> statements_;  // only ever grows, up to a limit
};

}  // namespace aftercommit::detail
