/// Passwords that stand in a file.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit {

/// The first bytes of a file, without the white space at its end.  Read anew at each call.  `parameter` is
/// what named it in the URL, for sentences; the path is not shown, since it may be the password itself.
/// Throws BrokerRefused.
std::string read_password_file(const std::string& path, std::string_view parameter);

}  // namespace aftercommit
