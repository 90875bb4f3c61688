/// Databases that take no writes, though nobody has asked for a read-only block: standbys after a failover
/// above all.
#pragma once

#include <string>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// The sentence of errors, to which more may be added.
std::string takes_no_writes(const std::string& alias, const std::string& reason);

/// Closes the idle connections, which lead to the same place, and throws DatabaseUnavailable.  `jobs`: in
/// words, those that the transaction was to keep, if there are any.
[[noreturn]] void throw_read_only(DatabaseCore& database, const std::string& reason,
                                  const std::string& jobs = {});

/// Why no job can run on this database; empty where one can.  A round trip; throws what Database does.
std::string why_read_only(Database& database);

}  // namespace aftercommit::detail
