/// What of a database's error may be shown: no rows, no secrets.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace aftercommit::detail {

/// The first line, without "ERROR:" or what that is in the language of the server: what follows it may quote
/// rows of the user's.
std::string first_line(std::string_view text);
std::string first_line(const std::exception& error);

/// libpq quotes what it cannot read of a URL, and in a mistyped one that may be the password.  Masks each
/// quoted part of the message that is, in the URL, part of what may be one.
std::string without_secrets(std::string message, std::string_view url);

}  // namespace aftercommit::detail
