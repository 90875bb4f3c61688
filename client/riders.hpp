/// Statements that travel in one message with BEGIN and with COMMIT, and so cost no round trip.
#pragma once

#include <pqxx/result>
#include <string>

namespace aftercommit::detail {

/// For one transaction.
struct Riders {
  std::string with_begin;   ///< one statement, sent right behind BEGIN
  pqxx::result answer{};    ///< what it gave
  std::string with_commit;  ///< statements sent right before COMMIT; may be set until then.  If one fails,
                            ///< nothing commits
};

}  // namespace aftercommit::detail
