/// What a user would type.
#pragma once

#include <string_view>

namespace aftercommit::cli {

/// Lines, as --help and the man page show them below the options of a command; empty where its usage says it
/// all.
std::string_view examples_of(std::string_view command);

}  // namespace aftercommit::cli
