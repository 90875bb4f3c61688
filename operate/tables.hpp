/// The tables of jobs of one database: brought up to date, given another token.
#pragma once

#include <cstdint>
#include <string>

#include "aftercommit/database.hpp"

namespace aftercommit::operate {

/// For sentences: "schema aftercommit of database reports".
std::string tables_of(const Database& database);

struct Migration {
  int before = 0;  ///< the version of the tables; 0: there were none
  int after = 0;
};

/// As detail::migrate(); ConfigError with what to do where PostgreSQL refuses.
Migration migrate(Database& database);

/// As detail::renew_token(), for a copy of a database; ConfigError with what to do where PostgreSQL refuses.
void renew_token(Database& database);

/// The durable jobs that wait in the tables, of all queues.
std::int64_t count_durable_jobs(Database& database);

}  // namespace aftercommit::operate
