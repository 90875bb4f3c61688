/// Columns of the library's tables as C++ values, and back.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <pqxx/pqxx>
#include <span>
#include <string>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::detail {

inline JobId id_of(const pqxx::field& field) { return JobId::parse(field.c_str()).value(); }

/// An array of SQL.
inline std::string in_braces(std::span<const JobId> jobs) {
  std::string ids = "{";
  for (const auto& job : jobs) ids += (ids.size() > 1 ? "," : "") + job.str();
  return ids + "}";
}

inline std::chrono::system_clock::time_point from_epoch_us(std::int64_t us) {
  using Time = std::chrono::system_clock::time_point;
  constexpr auto kLast = std::chrono::floor<std::chrono::microseconds>(Time::duration::max()).count();
  return Time{std::chrono::microseconds{std::clamp<std::int64_t>(us, 0, kLast)}};
}

/// Visits what `list` gives: those after an id, in their order.
inline void for_each_row(Database& database, const std::string& list,
                         const std::function<void(const pqxx::row& row)>& visit) {
  std::string after = "00000000-0000-0000-0000-000000000000";
  while (true) {
    const auto rows = database.exec(list, after);
    if (rows.empty()) return;
    for (const auto& row : rows) visit(row);
    after = rows[rows.size() - 1][0].as<std::string>();
  }
}

}  // namespace aftercommit::detail
