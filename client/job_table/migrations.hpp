/// The schema of the library's tables: what version a database has, and how it gets the newest.
#pragma once

#include <string>
#include <string_view>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// What this program works with.
inline constexpr int kSchemaVersion = 2;

/// The version of the tables in DatabaseOptions::schema; 0 if there are none.
int schema_version(Database& database);

/// Brings the tables to kSchemaVersion in one transaction, which waits for another migration of the same
/// schema; nothing to do is fine, and so is a schema that is newer than this program.  Only a schema that
/// does not exist yet needs the right to CREATE on the database.
void migrate(Database& database);

/// What migrate() would do to a schema at version `from`, as a script for psql that begins and commits.
std::string migration_script(std::string_view schema, int from = 0);

/// Throws ConfigError, with what to do, unless the tables can be used as they are: there, of this version or
/// a newer one (a migration leaves what older programs use), and safe from a crash of the server (not
/// UNLOGGED).
void check_schema(Database& database);

}  // namespace aftercommit::detail
