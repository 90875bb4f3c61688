/// What a shared library says that it needs, read from its file: nothing of it is run.
#pragma once

#include <string>
#include <vector>

namespace aftercommit::worker {

/// The names of the libraries that it was linked with, as "libaftercommit_client.so.0.2".  None for a file
/// that cannot be read or is no such library: loading it says better why.
std::vector<std::string> needed_libraries(const std::string& path);

}  // namespace aftercommit::worker
