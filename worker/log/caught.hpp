/// Tells of an exception without knowing its type.  All within a handler, or where nobody has caught it.
#pragma once

#include <string>

namespace aftercommit::worker {

/// Its type as in the source; empty if none was thrown by C++.
std::string type_of_caught();

/// Its own sentence, of the library's errors whole, of others the first line.
std::string what_was_caught();

}  // namespace aftercommit::worker
