/// What differs between libpqxx 6.4 and 7.x, in one place.
#pragma once

#include <exception>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#if PQXX_VERSION_MAJOR >= 8
#error "aftercommit is written for libpqxx 6.4 and 7.x"
#endif

namespace aftercommit::detail {

/// Runs one statement with text parameters; a null pointer is NULL.
inline pqxx::result exec_text_params(pqxx::transaction_base& session, const std::string& sql,
                                     const std::vector<const char*>& params) {
#if PQXX_VERSION_MAJOR >= 7
  pqxx::params values;
  for (const char* value : params) values.append(value);
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return session.exec(sql, values);
#else
  return session.exec_params(sql, values);
#endif
#else
  return session.exec_params(sql, pqxx::prepare::make_dynamic_params(params.begin(), params.end()));
#endif
}

/// Of a write in a transaction that takes none.
inline constexpr std::string_view kReadOnlyTransaction = "25006";

/// The SQLSTATE of an error, empty where it has none.  In 6.4 the rollback errors and that of a missing
/// privilege carry none of their own.
inline std::string sqlstate_of(const std::exception& error) {
#if PQXX_VERSION_MAJOR < 7
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) return "40000";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
#endif
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) return sql->sqlstate();
  return {};
}

}  // namespace aftercommit::detail
