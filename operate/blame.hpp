/// Which job wrote a row.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "operate/json.hpp"

namespace aftercommit::operate {

/// Of a table of the application's.
struct RowQuestion {
  std::string table;             ///< as SQL writes it: orders, shop.orders, "Order lines"
  std::vector<std::string> key;  ///< "column=value" each; or one value, of `key_column`
  std::string key_column{};      ///< empty: the primary key, where that has one column
};

/// A job that the history knows, in one transaction of it.
struct Writer {
  std::string job;  ///< its id
  std::string task;
  std::string queue;
  int attempt = 1;
  std::string asked_in{};  ///< the transaction that asked for it; empty: not known, as it had no row
  std::string flow{};      ///< the flow that it is, or that waits for it; empty: none
  std::string step{};      ///< with `flow`, what that did; empty: the end of it, or another job of it
  std::string worker{};
  std::string transaction{};  ///< xid8
  std::chrono::system_clock::time_point began_at{};
  std::chrono::system_clock::time_point at{};  ///< shortly before its commit
};

struct Blame {
  static constexpr std::size_t kMostPerhaps = 20;

  enum class Finding : std::uint8_t {
    kNoRow,    ///< of this key
    kWritten,  ///< by one of `writers`, all of one transaction: several are a batch
    kPerhaps,  ///< by one of `writers`, the first kMostPerhaps, within a savepoint, or by no job at all
    kUnknown,  ///< the history has nothing to say
    kFrozen,   ///< so long ago that the row no longer tells the transaction
  };
  Finding finding = Finding::kNoRow;
  std::string database;    ///< its alias
  std::string table;       ///< as SQL writes it, with its schema
  std::string key;         ///< "id=42", as it was looked for
  std::string xmin{};      ///< as the row shows it, 32 bits; empty without a row
  std::string xid{};       ///< the same as a whole id (xid8); empty with kFrozen
  bool savepoint = false;  ///< with kWritten: that of a savepoint of the transaction
  bool by_time = false;    ///< with kWritten: told by the times of commits, to the microsecond
  std::vector<Writer> writers{};
  std::optional<std::chrono::system_clock::time_point> committed_at{};  ///< if the server keeps that
  bool has_history = false;                                             ///< the tables are new enough
  std::string since_xid{};  ///< the first transaction of the history; empty: it is empty
  std::optional<std::chrono::system_clock::time_point> since{};  ///< when that was

  /// What may be the reason that no job is named, each a clause; empty where one is.
  std::vector<std::string> reasons() const;
};

/// The whole id of a transaction that a row shows as `xmin`, where `next` comes next: both are of the same
/// moment. `frozen` ids ago is the oldest that a row which is not frozen may show.  Nothing: no telling which
/// of several it is, as ids have begun anew, or none, as the row was frozen by a server of old.
std::optional<std::uint64_t> whole_id(std::uint32_t xmin, std::uint64_t next, std::uint32_t frozen);

/// Asks this database alone: the last writer of the row of this key, in few short statements, of which each
/// is ended after some seconds.  UsageError for what is no table with rows of its own, no key of it, or one
/// of several rows; ConfigError where the role may not look; else what Database throws.
Blame blame(Database& database, const RowQuestion& question);

std::string_view word(Blame::Finding finding) noexcept;
Json in_json(const Blame& blame);

}  // namespace aftercommit::operate
