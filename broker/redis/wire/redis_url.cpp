/// Reads redis:// and redis+unix:// URLs.
#include "broker/redis/wire/redis_url.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit {
namespace {

[[noreturn]] void wrong(std::string_view part, std::string_view expected) {
  throw ConfigError{"the broker URL is wrong: its " + std::string{part} + " " + std::string{expected}};
}

/// Cuts `text` at `separator`; the second half is empty, without data(), where there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

template <class Number>
std::optional<Number> number(std::string_view text, Number lowest, Number highest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < lowest || value > highest)
    return {};
  return value;
}

std::optional<char> hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return {};
  return static_cast<char>(value);
}

std::string percent_decoded(std::string_view text, std::string_view part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = hex_byte(text.substr(i + 1, 2));
    if (!byte) wrong(part, "has a '%' without two hexadecimal digits after it (a plain '%' is written %25)");
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

void read_credentials(std::string_view text, RedisUrl& url) {
  const auto [user, password] = cut(text, ':');
  url.user = percent_decoded(user, "user name");
  url.password = percent_decoded(password, "password");
  if (url.password.empty()) wrong("password", "is missing: write user:password@host, or :password@host");
}

void read_port(std::string_view text, RedisUrl& url) {
  const auto port = number<std::uint16_t>(text, 1, std::numeric_limits<std::uint16_t>::max());
  if (!port) wrong("port", "must be a number from 1 to 65535");
  url.port = *port;
}

void read_address(std::string_view text, RedisUrl& url) {
  if (text.starts_with('[')) {
    const auto [host, rest] = cut(text.substr(1), ']');
    if (rest.data() == nullptr) wrong("host", "opens a bracket and does not close it");
    if (!rest.empty() && !rest.starts_with(':')) wrong("host", "must be followed by ':' and a port, or '/'");
    url.host = host;
    if (!rest.empty()) read_port(rest.substr(1), url);
  } else {
    const auto [host, port] = cut(text, ':');
    url.host = percent_decoded(host, "host");
    if (port.data() != nullptr) read_port(port, url);
  }
  if (url.host.empty()) wrong("host", "is missing: write redis://host:port");
  if (std::ranges::any_of(url.host, [](char c) { return static_cast<unsigned char>(c) <= ' '; })) {
    wrong("host", "has a space or a line's end in it");
  }
}

void read_database(std::string_view text, RedisUrl& url) {
  const auto database = number(text, 0, std::numeric_limits<int>::max());
  if (!database) wrong("database", "must be a number, as in redis://host/0");
  url.database = *database;
}

void read_prefix(std::string prefix, RedisUrl& url) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
  if (prefix.empty() || prefix.size() > 64 || prefix.find_first_not_of(kAllowed) != std::string::npos) {
    wrong("prefix", "must be 1 to 64 of a-z A-Z 0-9 _ . : -");
  }
  url.prefix = std::move(prefix);
}

void read_query(std::string_view query, RedisUrl& url) {
  while (!query.empty()) {
    const auto [parameter, rest] = cut(query, '&');
    const auto [name, value] = cut(parameter, '=');
    if (name == "prefix") {
      read_prefix(percent_decoded(value, "prefix"), url);
    } else if (name == "db" && !url.socket_path.empty()) {
      read_database(value, url);
    } else {
      wrong("query", url.socket_path.empty() ? "may hold only 'prefix', as in redis://host/0?prefix=ac"
                                             : "may hold only 'db' and 'prefix', as in ?db=0&prefix=ac");
    }
    query = rest;
  }
}

RedisUrl tcp_url(std::string_view text) {
  RedisUrl url;
  const auto [location, query] = cut(text, '?');
  const auto [authority, path] = cut(location, '/');
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) read_credentials(authority.substr(0, at), url);
  read_address(at == std::string_view::npos ? authority : authority.substr(at + 1), url);
  if (!path.empty()) read_database(path, url);
  read_query(query, url);
  return url;
}

RedisUrl unix_url(std::string_view text) {
  constexpr std::size_t kLongest = 107;  // what sockaddr_un holds beside its closing NUL
  RedisUrl url;
  const auto [location, query] = cut(text, '?');
  const auto at = location.rfind('@');
  if (at != std::string_view::npos) read_credentials(location.substr(0, at), url);
  url.socket_path =
      percent_decoded(at == std::string_view::npos ? location : location.substr(at + 1), "socket path");
  if (!url.socket_path.starts_with('/'))
    wrong("socket path", "must be absolute: redis+unix:///path/to/socket");
  if (url.socket_path.size() > kLongest) wrong("socket path", "is longer than 107 bytes");
  read_query(query, url);
  return url;
}

}  // namespace

std::string RedisUrl::server() const {
  if (!socket_path.empty()) return socket_path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

RedisUrl parse_redis_url(std::string_view url) {
  if (begins_with_quote(url)) {
    throw ConfigError{
        "the broker URL begins with a quote: env files of some programs leave quotes in place; write it "
        "without them"};
  }
  const auto after = [&](std::string_view scheme) -> std::optional<std::string_view> {
    if (!url.starts_with(scheme)) return {};
    return url.substr(scheme.size());
  };
  if (const auto text = after("redis://")) return tcp_url(*text);
  if (const auto text = after("redis+unix://")) return unix_url(*text);
  if (const auto text = after("unix://")) return unix_url(*text);
  if (after("rediss://")) {
    throw ConfigError{
        "the broker URL asks for TLS (rediss://), which this client does not speak: run stunnel beside the "
        "program and use redis://127.0.0.1:port, or reach Redis through a Unix socket"};
  }
  wrong("scheme", "must be redis:// or redis+unix://");
}

}  // namespace aftercommit
