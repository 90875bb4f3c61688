/// Statements that travel in one message with BEGIN and with COMMIT, and so cost no round trip.
#pragma once

#include <optional>
#include <pqxx/result>
#include <string>
#include <utility>
#include <vector>

#include "client/statements/sql_template.hpp"

namespace aftercommit::detail {

struct Rider {
  const SqlTemplate* statement;  ///< not owned
  std::vector<std::string> values;
};

/// In the order in which they are added and sent.  A single one, as most transactions have, takes no memory
/// of its own.
class RiderList {
 public:
  void add(Rider rider) {
    if (!first_) {
      first_ = std::move(rider);
    } else {
      others_.push_back(std::move(rider));
    }
  }

  template <class Visit>
  void for_each(const Visit& visit) const {
    if (first_) visit(*first_);
    for (const auto& rider : others_) visit(rider);
  }

 private:
  std::optional<Rider> first_;
  std::vector<Rider> others_;
};

/// For one transaction.
struct Riders {
  Rider with_begin;       ///< sent right behind BEGIN
  pqxx::result answer{};  ///< what it gave
  /// Sent before COMMIT, for which more may be added until then: what has to be written with it, or not at
  /// all. If one fails, nothing commits.
  RiderList with_commit{};
  /// What the history needs; see history.hpp.
  struct OfHistory {
    /// Goes before each RELEASE SAVEPOINT where writing is allowed; not owned; null: nothing goes.
    const SqlTemplate* note_savepoint = nullptr;
    int notes_left = 2000;  ///< more than the note has room for
    RiderList keep{};       ///< behind the others of COMMIT, and outside of all savepoints
    std::string open{};     ///< the outermost savepoint that still is open then; empty: none
  };
  OfHistory of_history{};
  /// Of the transaction that may begin in the message of this COMMIT: it does unless something is to be done
  /// in between, or has not been done for long.  Not owned; outlives its own transaction.  When the message
  /// fails, this one may be committed all the same.
  Riders* next = nullptr;
};

}  // namespace aftercommit::detail
