/// Transactions that this library has not begun, and how it runs its one statement in them.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "aftercommit/error.hpp"

namespace aftercommit {

/// What has to be run in a transaction so that jobs exist if, and only if, it commits: one statement,
/// whatever the number of jobs.
struct ForeignStatement {
  /// For PostgreSQL; has one parameter, $1, in one place, and no other $, colon, question mark or per cent.
  std::string sql{};
  /// The value of $1, a text in ASCII without NUL, whatever the encodings of database and connection.
  std::string parameter{};
  std::string task{};    ///< the name of the jobs' task, for errors
  std::string schema{};  ///< of the tables that it writes to
  int version = 0;       ///< which these tables have at least

  /// The same text for a driver that marks parameters in another way: ":job", "?", "%s".
  std::string sql_with(std::string_view placeholder) const {
    auto text = sql;
    const auto place = text.find("$1");
    return place == std::string::npos ? text : text.replace(place, 2, placeholder);
  }
};

/// PostgreSQL's refusal of such a statement, where the driver has no exception of its own for it.  The
/// transaction is broken by it, as by any failed statement.
class AFTERCOMMIT_EXPORT StatementFailed : public Error {
 public:
  StatementFailed(const std::string& what, std::string sqlstate)
      : Error{what}, sqlstate_{std::move(sqlstate)} {}
  const std::string& sqlstate() const noexcept {
    return sqlstate_;
  }  ///< five characters; empty: none is known

 private:
  std::string sqlstate_;
};

/// For who has met PostgreSQL's error `sqlstate`, in the server's words `message`, while running the
/// statement: throws what the library has to say of it, with what to do.  TransactionManagementError: a
/// statement before it has failed; ConfigError: no tables, too old ones, or no right to write to them;
/// UsageError: the transaction takes no writes.  Returns where it is any other; then throw the driver's own.
void explain_failure(const ForeignStatement& statement, std::string_view sqlstate, std::string_view message);

/// A function is the plainest way to give a transaction of whatever kind: it runs the statement there and
/// gives back the text that this answers with.
///   send_receipt.delay_in([&](const aftercommit::ForeignStatement& statement) {
///     std::string answer;
///     soci << statement.sql_with(":job"), soci::use(statement.parameter, "job"), soci::into(answer);
///     return answer;
///   }, 42);
/// It has to see itself that a transaction is open: in autocommit the jobs would exist at once, whatever
/// comes after.  For a type of your own write an overload of this function beside it, which is found by its
/// namespace; those for libpqxx and libpq are in aftercommit/foreign/.
template <class Run>
requires std::is_invocable_r_v<std::string, Run&, const ForeignStatement&> std::string run_statement(
    Run& run, const ForeignStatement& statement) {
  return run(statement);
}

/// What jobs can be asked for in.
template <class T>
concept ForeignTransaction = requires(T& transaction, const ForeignStatement& statement) {
  { run_statement(transaction, statement) } -> std::convertible_to<std::string>;
};

namespace detail {

using RunStatement = std::function<std::string(const ForeignStatement&)>;

/// The transaction outlives what is given back.
template <class Foreign>
RunStatement running_in(Foreign& transaction) {
  static_assert(ForeignTransaction<Foreign>,
                "no job can be asked for in this: include aftercommit/foreign/pqxx.hpp for a transaction of "
                "libpqxx, aftercommit/foreign/libpq.hpp for a PGconn*, or give a function that runs an "
                "aftercommit::ForeignStatement and gives back its answer");
  if constexpr (ForeignTransaction<Foreign>) {
    return [&transaction](const ForeignStatement& statement) -> std::string {
      return run_statement(transaction, statement);
    };
  } else {
    return {};
  }
}

}  // namespace detail
}  // namespace aftercommit
