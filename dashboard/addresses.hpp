/// Addresses: where the dashboard listens, and under which names browsers ask for it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace aftercommit::dashboard {

/// ASCII, as names of hosts, of headers and of members are compared.
std::string lower_case(std::string_view text);

/// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all addresses) as host and port; port 0: any.
/// Throws UsageError for anything else.
std::pair<std::string, int> parse_listen(std::string_view text);

/// True where only programs of this machine can connect: 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view host);

/// True for an address in digits, with or without the brackets of one of IPv6.
bool is_address(std::string_view host);

/// The host of "name:port", "name", "[::1]:port", in lower case and without brackets; empty where the text is
/// none of them.
std::string host_of(std::string_view host_and_port);

/// The prefix of a path as it is used: "" for "" and "/", else "/x/y".  Throws UsageError for what is no path
/// of a-z A-Z 0-9 _ . - between slashes.
std::string parse_prefix(std::string_view text);

}  // namespace aftercommit::dashboard
