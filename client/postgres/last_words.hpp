/// What a server says as it ends a session.
#pragma once

#include <string>

namespace aftercommit::detail {

struct LastWords {
  std::string sqlstate{};  ///< empty: it has said nothing, as when it was killed or the network swallowed it
  std::string text{};      ///< one line
  bool final = false;      ///< the session has ended; else it may be about to

  /// This session alone was ended, for how it was used; the server serves others.
  bool of_this_session() const noexcept {
    constexpr const char* kIdleInTransaction = "25P03";
    constexpr const char* kTransactionTooLong = "25P04";  // since PostgreSQL 17
    constexpr const char* kIdle = "57P05";
    return sqlstate == kIdleInTransaction || sqlstate == kTransactionTooLong || sqlstate == kIdle;
  }
  /// It was ended by somebody's order: this one alone by pg_terminate_backend(), or all as the server stops.
  bool of_an_administrator() const noexcept { return sqlstate == "57P01"; }
};

}  // namespace aftercommit::detail
