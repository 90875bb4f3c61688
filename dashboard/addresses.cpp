#include "dashboard/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kLongestHost = 253;  // of a DNS name

bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
         character == '-' || character == '.' || character == '_';
}

/// Host and port, either of which may be empty; the host keeps no brackets.  False: it is neither.
bool split(std::string_view text, std::string& host, std::string& port) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = lower_case(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    if (!is_address(host)) return false;
  } else {
    const auto colon = text.find(':');
    host = lower_case(text.substr(0, colon));
    text.remove_prefix(std::min(colon, text.size()));
    if (!std::ranges::all_of(host, is_name_character)) return false;
  }
  if (host.size() > kLongestHost) return false;
  if (text.empty()) return true;
  if (!text.starts_with(':')) return false;
  port = text.substr(1);
  return std::ranges::all_of(port, [](char digit) { return digit >= '0' && digit <= '9'; });
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
  });
  return result;
}

std::pair<std::string, int> parse_listen(std::string_view text) {
  std::string host;
  std::string port;
  int number = -1;
  if (split(text, host, port) && !port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number > 65535) number = -1;
  }
  if (number < 0) {
    throw UsageError{"--listen takes an address and a port, as 127.0.0.1:8080 or [::1]:8080, not '" +
                     shown_argument(text) + "'"};
  }
  return {host.empty() ? "0.0.0.0" : host, number};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_address(host));
}

bool is_address(std::string_view host) {
  if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text{host};
  in6_addr room{};
  return inet_pton(AF_INET, text.c_str(), &room) == 1 || inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

std::string host_of(std::string_view host_and_port) {
  std::string host;
  std::string port;
  return split(host_and_port, host, port) ? host : std::string{};
}

std::string parse_prefix(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return {};
  const bool is_path = text.starts_with('/') && text.find("//") == std::string_view::npos &&
                       text.find("/.") == std::string_view::npos && text.size() <= 200 &&
                       std::ranges::all_of(lower_case(text), [](char character) {
                         return character == '/' || is_name_character(character);
                       });
  if (!is_path) {
    throw UsageError{"--prefix takes a path of a-z A-Z 0-9 _ . - as /jobs, not '" + shown_argument(text) +
                     "'"};
  }
  return std::string{text};
}

}  // namespace aftercommit::dashboard
