/// What statements leave behind in their session when their transaction has ended.
#pragma once

#include <string>
#include <string_view>

#include "client/statements/sql_scanner.hpp"

namespace aftercommit::detail {

/// Is shown statements token by token; says whether they may leave something: a setting, a temporary table, a
/// session lock, LISTEN, a prepared statement, a cursor WITH HOLD, another role.  What a function or a
/// trigger does is not in its words; DO and CALL count as if they had done it.  In doubt it says yes: that
/// costs a round trip, a no would cost the next one its own session.
class SessionTraces {
 public:
  void see(const SqlToken& token);
  /// Once all have been seen.
  bool found();

 private:
  void see_first(std::string_view word);
  void see_word(std::string_view word);
  void see_name(std::string_view name);
  void see_in_call(const SqlToken& token);
  void end_statement();

  std::string first_;     // word of this statement; empty at its start
  std::string previous_;  // token, if it was a word
  bool found_ = false;
  bool table_ = false;     // a temporary one, which no ON COMMIT DROP has taken back yet
  bool updates_ = false;   // this statement does
  bool settings_ = false;  // pg_settings is in this statement
  struct Call {
    int depth = 0;  // of parentheses
    int argument = 0;
    int tokens = 0;      // in this argument
    bool local = false;  // it is the word TRUE and nothing else
  };
  bool in_call_ = false;  // set_config(...)
  Call call_;
};

}  // namespace aftercommit::detail
