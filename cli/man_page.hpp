/// The manual page aftercommit(1).
#pragma once

#include <string>

namespace aftercommit::cli {

/// Made of what --help says; `aftercommit --man-page` prints it, and the build keeps it.
std::string own_man_page();

}  // namespace aftercommit::cli
