/// Statements that travel in one message with BEGIN and with COMMIT, and so cost no round trip.
#pragma once

#include <optional>
#include <pqxx/result>
#include <string>
#include <vector>

#include "client/statements/sql_template.hpp"

namespace aftercommit::detail {

struct Rider {
  const SqlTemplate* statement;  ///< not owned
  std::vector<std::string> values;
};

/// For one transaction.
struct Riders {
  Rider with_begin;       ///< sent right behind BEGIN
  pqxx::result answer{};  ///< what it gave
  /// Sent right before COMMIT; may be set until then.  If it fails, nothing commits.
  std::optional<Rider> with_commit{};
  /// Of the transaction that may begin in the message of this COMMIT: it does unless something is to be done
  /// in between, or has not been done for long.  Not owned; outlives its own transaction.  When the message
  /// fails, this one may be committed all the same.
  Riders* next = nullptr;
};

}  // namespace aftercommit::detail
