/// Commands that an error names, so that they work as they stand there.
#pragma once

#include <string>
#include <string_view>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// "aftercommit migrate --schema jobs_2 --database reports": what a shell needs to do `command` on the schema
/// of this database, as far as this program has been told of it.  A database that is not in the environment
/// is named by its connection, without its password.
std::string command_for(const Database& database, std::string_view command);

/// As one word for a shell, quoted where that is needed.
std::string shell_word(std::string_view text);

}  // namespace aftercommit::detail
