/// Wrong designs that are other statements than the product's.
#pragma once

#include <string_view>
#include <vector>

#include "support/servers/changed_statements.hpp"

namespace aftercommit::fault {

/// What a proxy is to make of the statements of a worker, so that PostgreSQL is asked what the wrong design
/// of this name would ask.  None for one that is not of statements.  Throws std::logic_error where the
/// product does not say any more what was to be changed.
std::vector<support::ChangedStatement> wrong_statements(std::string_view mutant);

}  // namespace aftercommit::fault
