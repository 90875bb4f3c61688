#include "client/job_table/table_figures.hpp"

#include <algorithm>

#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

constexpr double kCounted = 10'000;  // as look_at_tables.sql does

/// Of names, which need no quotes.
std::string array_of(const std::vector<std::string>& names) {
  std::string text = "{";
  for (const auto& name : names) text += (text.size() > 1 ? "," : "") + name;
  return text + '}';
}

}  // namespace

TableFigures table_figures(Database& database, const std::vector<std::string>& queues) {
  const auto& statements = database.core()->statements;
  return database.atomic({.read_only = true}, [&] {
    database.exec(statements.bound_look);
    TableFigures figures;
    std::map<std::string, double> estimated;
    for (const auto& row : database.exec(statements.look_at_tables, array_of(queues))) {
      const auto kind = row[0].as<std::string>();
      const auto name = row[1].as<std::string>();
      if (row[2].is_null()) continue;
      const auto number = row[2].as<double>();
      if (kind == "oldest") {
        figures.oldest[name] = std::chrono::duration<double>{std::max(number, 0.0)};
      } else {
        (kind == "counted" ? figures.rows : estimated)[name] = number;
      }
    }
    for (auto& [table, rows] : figures.rows) {
      if (rows >= kCounted) rows = std::max(rows, estimated[table]);
    }
    return figures;
  });
}

}  // namespace aftercommit::detail
