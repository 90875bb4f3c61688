/// Statements that the server has planned for one session.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/clock.hpp"
#include "client/statements/sql_template.hpp"

namespace aftercommit::detail {

/// Writes statements into messages: as text until they may be planned, then as PREPARE once and as EXECUTE
/// from then on.  A plan is made anew after kLifetime, for one that was made while a table was small reads
/// all of it when it has grown.  Not thread-safe.
class PlannedStatements {
 public:
  /// `usable` is asked once, when it matters first: whether messages reach the one session that has the
  /// plans.  `clock` is not owned and outlives this.
  explicit PlannedStatements(std::function<bool()> usable, const Clock& clock = system_clock())
      : usable_{std::move(usable)}, clock_{clock} {}

  /// Each value is a literal of SQL.
  void append(std::string& message, const SqlTemplate& statement, std::span<const std::string> values);

  /// Whether anything is planned at all.
  bool usable();
  /// The same, where it is, for a statement that has its parameters $1, $2 ... already.  Known by its address
  /// from then on: not owned, outlives this.
  void append_parameterised(std::string& message, const std::string& statement,
                            std::span<const std::string> values);

  void succeeded() noexcept { unconfirmed_.clear(); }  ///< the message has
  void failed() noexcept;                              ///< it has not, perhaps before the plans were made

  /// Someone else's statement has been run: if it may have dropped plans, they are not counted on any more.
  void notice(std::string_view sql);
  void forget() noexcept;

 private:
  static constexpr std::chrono::seconds kLifetime{1};
  /// So many plans may be left behind on the server, about ten kilobytes each: whether a message that failed
  /// had made its plans nobody has told us.
  static constexpr std::size_t kMostLeft = 1000;

  struct Plan {
    std::string name;
    std::chrono::steady_clock::time_point made_at;
  };

  void append_plan(std::string& message, const void* statement, std::string_view definition,
                   std::span<const std::string> values, std::string_view end = "");

  std::function<bool()> usable_;  // empty once asked
  const Clock& clock_;
  bool can_plan_ = false;
  int made_ = 0;
  std::size_t left_ = 0;                  // at most
  std::map<const void*, Plan> plans_;     // by statement
  std::vector<const void*> unconfirmed_;  // planned in a message whose outcome is open
};

}  // namespace aftercommit::detail
