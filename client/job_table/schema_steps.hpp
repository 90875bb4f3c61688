/// How the library's tables get from one version to the next while programs use them.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "aftercommit/error.hpp"

namespace aftercommit::detail {

/// What makes the tables; the texts are SQL with the places of in_schema().  Owns nothing.
struct SchemaSteps {
  /// In their order: the first makes version 1 of nothing.  Each enters its version.
  std::span<const std::string_view> versions;
  /// Made anew by every migration, in this order.
  std::span<const std::string_view> functions;

  int newest() const noexcept { return static_cast<int>(versions.size()); }
  /// What makes the newest version of this one, within bounds where programs use the tables; empty: nothing
  /// is to do.
  std::string after(int version) const;
};

/// Others held what a migration has to lock: nothing was changed, and it may work later.
struct MigrationHeldUp : ConfigError {
  using ConfigError::ConfigError;
  bool retryable() const noexcept override { return true; }
};

/// For sentences: "schema 'aftercommit' of database 'default'".
std::string schema_of(const Database& database);

/// The version of the tables in DatabaseOptions::schema; 0 if there are none.
int schema_version(Database& database);

/// Whether it is this one or a later one.  What was found is believed for a few seconds, as a start asks this
/// many times.
bool schema_is_at_least(Database& database, int version);

/// Takes the steps that are left, in one transaction, one migration of a schema at a time.  Programs use the
/// tables meanwhile: it waits for none of their locks longer than a part of a second, as whoever comes later
/// would wait behind it, but tries again, in growing steps and with a word in the log, until `patience` has
/// passed.  Then MigrationHeldUp, which names who was in the way.
void migrate(Database& database, const SchemaSteps& steps, std::chrono::milliseconds patience);

}  // namespace aftercommit::detail
