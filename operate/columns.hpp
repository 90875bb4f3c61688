/// Columns as what is told of a job or a flow has them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/job_table/columns.hpp"

namespace aftercommit::operate {

/// Of microseconds since 1970.
inline std::optional<std::chrono::system_clock::time_point> column_time(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return detail::from_epoch_us(field.as<std::int64_t>());
}

/// Empty where it is NULL.
inline std::string column_text(const pqxx::field& field) {
  return field.is_null() ? std::string{} : field.as<std::string>();
}

}  // namespace aftercommit::operate
