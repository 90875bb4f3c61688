/// Statements that the server has planned for one session.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/sql_template.hpp"

namespace aftercommit::detail {

/// Writes statements into messages: as text until they may be planned, then as PREPARE once and as EXECUTE
/// from then on.  A plan is made anew after kLifetime, for one that was made while a table was small reads
/// all of it when it has grown.  Not thread-safe.
class PlannedStatements {
 public:
  /// `usable` is asked once, when it matters first: whether messages reach the one session that has the
  /// plans.
  explicit PlannedStatements(std::function<bool()> usable) : usable_{std::move(usable)} {}

  /// Each value is a literal of SQL.
  void append(std::string& message, const SqlTemplate& statement, std::span<const std::string> values);

  void succeeded() noexcept { unconfirmed_.clear(); }  ///< the message has
  void failed() noexcept;                              ///< it has not, perhaps before the plans were made

  /// Someone else's statement has been run: if it may have dropped plans, they are not counted on any more.
  void notice(std::string_view sql);
  void forget() noexcept;

 private:
  static constexpr std::chrono::seconds kLifetime{1};

  struct Plan {
    std::string name;
    std::chrono::steady_clock::time_point made_at;
  };

  std::function<bool()> usable_;  // empty once asked
  bool can_plan_ = false;
  int made_ = 0;
  std::map<const SqlTemplate*, Plan> plans_;
  std::vector<const SqlTemplate*> unconfirmed_;  // planned in a message whose outcome is open
};

}  // namespace aftercommit::detail
