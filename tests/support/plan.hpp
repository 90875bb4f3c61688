/// What a statement costs the server, by its own account.
#pragma once

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>

namespace aftercommit::support {

/// Runs `statement`, in one message behind `settings`; the pages of tables and indexes that it looked at.
inline long pages_of(pqxx::transaction_base& transaction, const std::string& statement,
                     const std::string& settings = "") {
  const auto answer = transaction.exec(settings + "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement);
  const auto plan = nlohmann::json::parse(answer[0][0].c_str())[0]["Plan"];
  return plan["Shared Hit Blocks"].get<long>() + plan["Shared Read Blocks"].get<long>();
}

}  // namespace aftercommit::support
