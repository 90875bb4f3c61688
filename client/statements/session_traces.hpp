/// What statements leave behind in their session when their transaction has ended.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit::detail {

/// Is shown the words of statements one by one; says whether they may leave something: a setting, a temporary
/// table, a session lock, LISTEN, a prepared statement, a cursor WITH HOLD, another role.  What a function or
/// a trigger does is not in its words; DO and CALL count as if they had done it.
class SessionTraces {
 public:
  /// `token` is a word in capitals, or ";".
  void see(std::string_view token);
  /// Once all have been seen.
  bool found();

 private:
  void see_first(std::string_view token);
  void end_statement();

  std::string first_;     // word of this statement; empty at its start
  std::string previous_;  // word
  bool found_ = false;
  bool table_ = false;    // a temporary one, which no ON COMMIT DROP has taken back yet
  bool setting_ = false;  // set_config(), which no "true" has made local yet
};

}  // namespace aftercommit::detail
