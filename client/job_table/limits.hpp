/// Limits that hold for all workers together, by the tables of one database.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// The version of the tables that all of this needs.
inline constexpr int kLimitSchema = 8;

/// A limit, as a worker declares it.
struct DeclaredLimit {
  std::string name;
  int most = 1;
  std::optional<std::chrono::milliseconds> per{};  ///< of a rate; nothing: it limits how many run at once
  int burst = 0;                                   ///< of a rate
  bool per_key = false;

  bool is_rate() const noexcept { return per.has_value(); }
  friend bool operator==(const DeclaredLimit&, const DeclaredLimit&) = default;
};

/// As the table has it.
struct LimitRow : DeclaredLimit {  // `most` is the one that holds
  int declared_most = 1;
  std::optional<std::chrono::system_clock::time_point> changed_at{};  ///< nothing: it is as declared
};

/// One limit as it concerns one job, or those of one key: with what holds where the table does not know it.
struct LimitOfKey {
  DeclaredLimit limit;
  std::string key{};  ///< empty: the limit is not by key, or the job has none
};

/// Each joins the transaction that is open on the calling thread; they throw what Database does.

void declare_limits(Database& database, std::span<const DeclaredLimit> limits);
/// By name.
std::vector<LimitRow> find_limits(Database& database);
/// `most`: nothing: as declared.  Answers whether something has changed; nothing: there is no such limit.
std::optional<bool> change_limit(Database& database, const std::string& name, std::optional<int> most);

/// For Claim::limit_to(); in the order of their names.
std::string places_of(std::span<const LimitOfKey> limits);

/// Whether a job may begin now under its rates; if so it has been counted.
struct Token {
  bool granted = false;
  std::size_t which = 0;                                        ///< else: the rate that it waits for
  std::optional<std::chrono::milliseconds> wait{};              ///< nothing: it is to stand aside
  std::optional<std::chrono::system_clock::time_point> turn{};  ///< what it then is told for
};
/// `told_for`: when the job was told to come.  Never within a transaction.
Token take_tokens(Database& database, std::span<const LimitOfKey> rates,
                  std::optional<std::chrono::system_clock::time_point> told_for);

/// How many more jobs each has room for now, in their order.
std::vector<std::size_t> find_room(Database& database, std::span<const LimitOfKey> limits);

/// Forgets keys of rates that mean nothing any more, up to a thousand; how many.
std::size_t purge_rates(Database& database);

}  // namespace aftercommit::detail
