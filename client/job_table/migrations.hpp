/// The schema of the library's tables: which versions this program works with, and how a database gets the
/// newest.
#pragma once

#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "client/job_table/schema_steps.hpp"

namespace aftercommit::detail {

/// What this program makes.
inline constexpr int kSchemaVersion = 10;
/// What it works with at least: its statements name nothing younger (version 1 has neither `home` nor `app`).
/// A version that adds a table or a column for something new leaves this as it is; what is new asks
/// require_schema() itself.  Raised only when what all programs do needs more, and then in a release after
/// the one that brought the version, so that workers of both can run on it.
inline constexpr int kOldestSchemaVersion = 2;
static_assert(kOldestSchemaVersion >= 1 && kOldestSchemaVersion <= kSchemaVersion);

/// The steps to kSchemaVersion.
SchemaSteps schema_steps() noexcept;

/// Brings the tables to kSchemaVersion, as migrate() of schema_steps.hpp does; nothing to do is fine, and so
/// is a schema that is newer than this program.  Only a schema that does not exist yet needs the right to
/// CREATE on the database.
void migrate(Database& database, std::chrono::milliseconds patience = std::chrono::seconds{60});

/// What migrate() would do to a schema at version `from`, as a script for psql that begins and commits.
std::string migration_script(std::string_view schema, int from = 0);

/// Throws ConfigError, with what to do, where the tables are missing or older than `version`, which `who`
/// needs: the subject of a sentence, such as "this program".  Else gives their version.  One query: for
/// set-up and commands, not for each job.
int require_schema(Database& database, int version, std::string_view who);

/// Throws ConfigError, with what to do, unless the tables can be used as they are: there, of
/// kOldestSchemaVersion or any later one (a migration leaves what older programs use), and safe from a crash
/// of the server (not UNLOGGED).
void check_schema(Database& database);

}  // namespace aftercommit::detail
