/// The URL of a database, read by libpq itself: what psql takes is taken here, and means the same.
#pragma once

#include <string>
#include <string_view>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// What is wrong with it, as the end of "the URL of database 'shop' ..."; empty if nothing is.  Quotes none
/// of it: in a mistyped one any part may be the password.  Connects to nothing.
std::string flaw_of_url(std::string_view url);

/// Throws ConfigError where there is one.
void check_url(const std::string& url, const std::string& alias);

/// The URL in libpq's keyword='value' form, with bounds on what a dead peer may cost where neither the URL
/// nor the environment nor its service says otherwise.  UTF-8 as the client's encoding and the application's
/// name count whatever the URL says.  Throws ConfigError for a URL with a flaw; connects to nothing.
std::string connection_string(const DatabaseOptions& options);

/// Whether a connection may be one to a standby where another host would take writes: the URL, its service or
/// the environment names several hosts, and none of them says which kind is wanted.  Connects to nothing.
bool may_lead_to_a_standby(const std::string& url);

/// The remedy for that: what to add to which URL.
inline constexpr const char* kAskForThePrimary =
    "add target_session_attrs=read-write, so that each connection finds the primary";

/// Why there is no connection, from what libpq said of it: without what may be the password, however libpq
/// has read the URL.  Of one that can be read in several ways none is quoted.
std::string why_unreachable(const std::exception& error, const std::string& url);

/// Where it leads, for people: "host=db port=5433 dbname=shop user=web", as much of that as it says; "***"
/// for one with a flaw, or that can be read in several ways.
std::string shown_database_url(const std::string& url);

/// Whether libpq knows a setting of this name.
bool is_connection_keyword(const std::string& name);

}  // namespace aftercommit::detail
