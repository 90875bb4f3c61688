/// Types by the names that they have in the source.
#pragma once

#include <string>
#include <typeinfo>

namespace aftercommit {

/// "shop::OutOfStock".
std::string type_name(const std::type_info& type);

}  // namespace aftercommit
